//! SQLite's own: the driver, the file and its guard, backup, migrations, the full-text index.

pub mod backup;
pub(crate) mod db;
pub(crate) mod file;
pub(crate) mod file_guard;
pub(crate) mod foreign_log;
pub(crate) mod migrations;
pub(crate) mod past;
pub(crate) mod reader;
pub(crate) mod restore;
pub(crate) mod schema;
pub(crate) mod schema_diff;
pub mod search;
pub(crate) mod second_name;
pub(crate) mod sql;
pub(crate) mod titles;
pub(crate) mod writer_connection;
