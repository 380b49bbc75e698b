//! The table `interactions`.
