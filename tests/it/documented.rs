//! The documentation says only what holds: its commands run, its data is read, its tables are complete
//! and its links lead somewhere.

mod commands;
mod data;
mod links;
mod pages;
mod tables;
mod world;
