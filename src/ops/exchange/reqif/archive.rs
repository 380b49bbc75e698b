//! The documents in a `.reqifz` archive. Nothing of it is written to the disk.

use rawzip::{CompressionMethod, ZipArchive};

/// Maximum bytes of the documents of an archive.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// The documents of a file, with their names, and the names of its other entries.
#[derive(Debug, Default)]
pub struct ArchiveEntries {
    pub documents: Vec<(String, Vec<u8>)>,
    pub others: Vec<String>,
}

pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Unpacks the documents, or returns the reason why the archive is not read.
pub fn unpack_documents(bytes: &[u8]) -> Result<ArchiveEntries, String> {
    let failed = |error: rawzip::Error| format!("it is no ZIP archive: {error}");
    let archive = ZipArchive::from_slice(bytes).map_err(failed)?;
    let mut found = ArchiveEntries::default();
    let mut left = MAX_BYTES;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(failed)? {
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if path.ends_with('/') {
            continue;
        }
        if !path.to_lowercase().ends_with(".reqif") {
            found.others.push(path);
            continue;
        }
        let method = entry.compression_method();
        let packed = archive.get_entry(entry.wayfinder()).map_err(failed)?;
        let data = match method {
            CompressionMethod::STORE if packed.data().len() <= left => packed.data().to_vec(),
            CompressionMethod::DEFLATE => {
                miniz_oxide::inflate::decompress_to_vec_with_limit(packed.data(), left)
                    .map_err(|error| format!("{path} cannot be unpacked: {error}"))?
            }
            _ => return Err(format!("{path} is too long, or packed in another way")),
        };
        left -= data.len();
        found.documents.push((path, data));
    }
    if found.documents.is_empty() {
        return Err("the archive has no .reqif document".to_owned());
    }
    Ok(found)
}
