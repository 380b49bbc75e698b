//! The entries of a ZIP archive, within bounds. Nothing of it is written to the disk.

use rawzip::{CompressionMethod, ZipArchive};

/// Maximum bytes of all entries that are unpacked.
const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Maximum entries.
const MAX_ENTRIES: usize = 100_000;

pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Passes each entry with its name to `take`, unpacked where it is `wanted`, or returns the reason why the archive is
/// not read.
pub fn visit_entries(
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
    mut take: impl FnMut(String, Option<Vec<u8>>),
) -> Result<(), String> {
    let failed = |error: rawzip::Error| format!("it is no ZIP archive: {error}");
    let archive = ZipArchive::from_slice(bytes).map_err(failed)?;
    let (mut left, mut count) = (MAX_BYTES, 0);
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(failed)? {
        count += 1;
        if count > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} files"));
        }
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if path.ends_with('/') {
            continue;
        }
        if !wanted(&path) {
            take(path, None);
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
        take(path, Some(data));
    }
    Ok(())
}
