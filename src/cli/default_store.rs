//! The store that is opened if neither `--db` nor `ATOCORE_DB` names one: that of the last `atocore setup`,
//! which a file in atocore's configuration folder names, else the one in the platform's data folder.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use tempfile::NamedTempFile;

use super::paths::expand_path;
use crate::model::{Error, Result, StorageProblem};

pub fn find_default_store() -> Result<PathBuf> {
    let folders = find_folders()?;
    match read_choice(&choice_file(&folders))? {
        Some(path) => Ok(path),
        None => Ok(folders.data_dir().join("atocore.db")),
    }
}

/// Makes a store the default, by its absolute path, and returns the file that says so; `None` if it
/// was the default.
pub fn set_default_store(path: &str) -> Result<Option<PathBuf>> {
    let folders = find_folders()?;
    let file = choice_file(&folders);
    if find_default_store().is_ok_and(|store| store == Path::new(path)) {
        return Ok(None);
    }
    write_choice(folders.config_dir(), &file, path)
        .map_err(|error| name_fault(&file, &error.to_string()))?;
    Ok(Some(file))
}

fn write_choice(folder: &Path, file: &Path, path: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut new = NamedTempFile::new_in(folder)?;
    writeln!(new, "{path}")?;
    new.persist(file)?;
    Ok(())
}

fn choice_file(folders: &ProjectDirs) -> PathBuf {
    folders.config_dir().join("default-store")
}

fn find_folders() -> Result<ProjectDirs> {
    ProjectDirs::from("", "", "atocore").ok_or_else(|| {
        Error::storage(
            StorageProblem::WrongName,
            "this user has no home folder",
            "Name a file with --db or ATOCORE_DB.",
        )
    })
}

fn read_choice(file: &Path) -> Result<Option<PathBuf>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(name_fault(file, &error.to_string())),
    };
    let line = text.trim();
    if line.is_empty() {
        return Ok(None);
    }
    let path = expand_path(line.as_ref()).map_err(|problem| name_fault(file, &problem))?;
    if path.is_relative() {
        return Err(name_fault(file, "the path of the store is not absolute"));
    }
    Ok(Some(path))
}

fn name_fault(file: &Path, problem: &str) -> Error {
    Error::storage(
        StorageProblem::WrongName,
        format!("{}: {problem}", file.display()),
        "Correct this file or delete it, or name the store with --db.",
    )
}
