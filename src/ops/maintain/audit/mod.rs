//! The audit log as a whole: its hash chain, rows from before the chain, and rows with cleared
//! contents.

pub mod chain;
pub mod clearing_proof;
pub mod pre_chain;
pub mod relink;
