//! Operations on the store as a whole: the doctor, verification of the audit, upkeep, backup.

pub mod audit;
pub mod backup;
pub mod chain_problem;
pub mod doctor;
pub(crate) mod upkeep;
pub mod verify;
