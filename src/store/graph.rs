//! Walks over the relationships: recursive SQL with a bound on the depth.
