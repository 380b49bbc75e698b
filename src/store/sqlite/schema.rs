//! Detection of a file's schema: current, older, of the Python system, or refused.

use std::path::{Path, PathBuf};

use super::migrations::reference::{APPLICATION_ID, VERSION, table_names};
use super::sql::Conn;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem};

/// Tables that every database of the Python system has had from the start.
const PYTHON_TABLES: [&str; 3] = ["source_documents", "source_chunks", "memories"];

/// The state of a file before anything was written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaStage {
    Empty,
    Python,
    /// Of an older version, which stored the number of its last migration.
    Older {
        number: i64,
    },
    Current,
}

/// The result of opening an older file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// The copy of the file as it was.
    pub backup: PathBuf,
    /// The tables and columns that were added.
    pub added: Vec<String>,
}

/// Determines the stage of a file without changing it; a newer or foreign file is an error.
pub fn schema_stage(conn: &Conn, path: &Path) -> Result<SchemaStage> {
    let named = |error| match error {
        Error::Storage { problem, message, kept, hint } => {
            let message = format!("{}: {message}", path.display());
            Error::Storage { problem, message, kept, hint }
        }
        other => other,
    };
    let pragma = |name: &str| {
        conn.number(&format!("SELECT {name} AS n FROM pragma_{name}"), &[]).map_err(named)
    };
    let refuse = |text: String, hint: Hint| {
        let message = format!("{} {text}", path.display());
        Err(Error::storage(StorageProblem::NotAStore, message, hint))
    };
    let another =
        || Hint::new("The file was left as it is; choose another.", NextStep::ChooseStore);
    let version = pragma("user_version")?;
    let application = pragma("application_id")?;
    if application == APPLICATION_ID {
        return match version {
            VERSION => Ok(SchemaStage::Current),
            number if number < VERSION => Ok(SchemaStage::Older { number }),
            newer => refuse(
                format!(
                    "was written by a newer atocore (schema {newer}; this one knows {VERSION})"
                ),
                "Install a newer atocore. The file was left as it is.".into(),
            ),
        };
    }
    let tables = table_names(conn).map_err(named)?;
    if tables.is_empty() && application == 0 {
        // SQLite treats a file shorter than its minimum page as empty.
        return match std::fs::metadata(path).map_or(0, |data| data.len()) {
            1..512 => refuse("is not a database".to_owned(), another()),
            _ => Ok(SchemaStage::Empty),
        };
    }
    if PYTHON_TABLES.iter().all(|name| tables.iter().any(|table| table == name)) {
        return Ok(SchemaStage::Python);
    }
    refuse("is an SQLite database of another program".to_owned(), another())
}

/// Refuses to write to a file that a newer version has upgraded since it was opened.
pub fn check_not_newer(conn: &Conn, path: &Path) -> Result<()> {
    let version = conn.number("SELECT user_version AS n FROM pragma_user_version", &[])?;
    if version <= VERSION {
        return Ok(());
    }
    Err(Error::storage_unchanged(
        StorageProblem::NotAStore,
        format!("{} was upgraded by a newer atocore", path.display()),
        "Start the newer atocore in place of this one.",
    ))
}

/// Refuses a damaged older file: it could be neither upgraded nor backed up completely.
pub fn check_sound(conn: &Conn, path: &Path) -> Result<()> {
    let page = conn.number("SELECT page_size AS n FROM pragma_page_size", &[])?;
    let length = std::fs::metadata(path).map_or(0, |data| data.len());
    let problem = if !length.is_multiple_of(u64::try_from(page).unwrap_or(512)) {
        Some("its last page is cut off".to_owned())
    } else {
        conn.one("PRAGMA quick_check(1)", &[], |row| row.text("quick_check"))?
            .filter(|answer| answer != "ok")
    };
    problem.map_or(Ok(()), |problem| {
        Err(Error::storage(
            StorageProblem::Damaged,
            format!("{} is damaged: {problem}", path.display()),
            "Restore a backup of it. The file was left as it is.",
        ))
    })
}

/// Refuses a file with integrity errors or violated foreign keys.
pub fn check_integrity(conn: &Conn, path: &Path) -> Result<()> {
    let damaged = |problem: String| {
        let message = format!("{} is damaged: {problem}", path.display());
        let advice = "It was left as it is. Restore a backup that is sound.";
        Error::storage(StorageProblem::Damaged, message, advice)
    };
    let found = conn.one("PRAGMA integrity_check(1)", &[], |row| row.text("integrity_check"));
    match found {
        Ok(Some(answer)) if answer != "ok" => return Err(damaged(answer)),
        Err(error) if conn.is_damaged() => return Err(damaged(error.to_string())),
        found => drop(found?),
    }
    let sql = "SELECT count(*) AS n FROM pragma_foreign_key_check";
    match conn.number(sql, &[])? {
        0 => Ok(()),
        rows => Err(damaged(format!("{rows} rows point to rows that are not there"))),
    }
}
