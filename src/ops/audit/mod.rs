//! The audit as a whole: its chain, rows from before the chain, and rows whose contents were cleared.

pub mod chain;
pub mod clearing_proof;
pub mod pre_chain;
pub mod relink;
