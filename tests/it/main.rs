//! The one integration binary: the real program, a real file, real stdio.

mod stories;
mod support;
mod surface;
mod tidy;
