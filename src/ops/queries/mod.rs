//! The questions that the store answers, one file each.
