//! The documents in a `.reqifz` archive.

use crate::ops::exchange::archive::visit_entries;

/// The documents of a file, with their names, and the names of its other entries.
#[derive(Debug, Default)]
pub struct ArchiveEntries {
    pub documents: Vec<(String, Vec<u8>)>,
    pub others: Vec<String>,
}

/// Unpacks the documents, or returns the reason why the archive is not read.
pub fn unpack_documents(bytes: &[u8]) -> Result<ArchiveEntries, String> {
    let mut found = ArchiveEntries::default();
    let is_document = |path: &str| path.to_lowercase().ends_with(".reqif");
    visit_entries(bytes, is_document, |path, data| match data {
        Some(data) => found.documents.push((path, data)),
        None => found.others.push(path),
    })?;
    if found.documents.is_empty() {
        return Err("the archive has no .reqif document".to_owned());
    }
    Ok(found)
}
