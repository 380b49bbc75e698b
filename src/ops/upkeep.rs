//! Upkeep: what expires, fades or has waited too long.
