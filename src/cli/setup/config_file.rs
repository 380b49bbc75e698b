//! The file of a client's configuration: read whole, replaced in one step, with a backup next to it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use similar::TextDiff;
use tempfile::NamedTempFile;

use crate::model::{Error, Result, StorageProblem};

/// A configuration file as it was read.
pub struct ConfigFile {
    path: PathBuf,
    /// `None` if there is no such file.
    pub text: Option<String>,
}

impl ConfigFile {
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), text: read_text(path)? })
    }

    /// Returns the text that the last change replaced, if it is kept.
    pub fn read_backup(&self) -> Result<Option<String>> {
        read_text(&self.backup_path())
    }

    pub fn backup_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".atocore-backup");
        name.into()
    }

    /// Returns the difference to a new text as a unified diff, without the carriage returns of Windows.
    pub fn render_diff(&self, new: &str) -> String {
        let old = self.text.as_deref().unwrap_or_default().replace("\r\n", "\n");
        let new = new.replace("\r\n", "\n");
        let name = self.path.display().to_string();
        TextDiff::from_lines(&old, &new).unified_diff().header(&name, &name).to_string()
    }

    /// Copies the file to its backup, if it exists.
    pub fn back_up(&self) -> Result<()> {
        if self.text.is_some() {
            fs::copy(&self.path, self.backup_path())
                .map_err(|error| file_fault(&self.path, &error))?;
        }
        Ok(())
    }

    pub fn remove_backup(&self) -> Result<()> {
        remove_file(&self.backup_path())
    }

    pub fn remove(&self) -> Result<()> {
        remove_file(&self.path)
    }

    /// Replaces the file in one step. A link stays a link, and the permissions stay.
    pub fn replace(&self, text: &str) -> Result<()> {
        if read_text(&self.path)? != self.text {
            return Err(Error::storage(
                StorageProblem::InUse,
                format!("{} has just been changed by another program", self.path.display()),
                "Repeat the command; if it happens again, end the client first.",
            ));
        }
        self.write_target(text).map_err(|error| file_fault(&self.path, &error))
    }

    fn write_target(&self, text: &str) -> std::io::Result<()> {
        let target = match &self.text {
            Some(_) => fs::canonicalize(&self.path)?,
            None if self.path.is_symlink() => {
                let problem = "it is a link to a file that does not exist";
                return Err(std::io::Error::new(ErrorKind::NotFound, problem));
            }
            None => std::path::absolute(&self.path)?,
        };
        let folder = target.parent().unwrap_or(&target);
        fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        if self.text.is_some() {
            file.as_file().set_permissions(fs::metadata(&target)?.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(&target)?;
        Ok(())
    }
}

fn read_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_fault(path, &error)),
    }
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file_fault(path, &error)),
        _ => Ok(()),
    }
}

fn file_fault(path: &Path, error: &std::io::Error) -> Error {
    Error::storage(
        StorageProblem::NoAccess,
        format!("{}: {error}", path.display()),
        "The client's configuration was not changed.",
    )
}
