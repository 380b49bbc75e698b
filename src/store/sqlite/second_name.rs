//! Refuses a store file that has a second name: each name would get a write-ahead log of its own,
//! and processes that use different names would overwrite each other's changes.
//!
//! A hard link shows in the link count of the file. A file that is mounted by itself (`docker run -v
//! a.db:/data/b.db`) is a mount point, which on Linux `/proc/self/mountinfo` lists. Symbolic links
//! are no second names: they are resolved before the log is named.

use std::fs;
use std::path::Path;

use crate::model::{Error, Result, StorageProblem};
use crate::platform::{FileId, file_id, has_second_name};

/// Refuses a file if it has a second name. A missing file is left to the caller.
pub fn refuse_second_name(path: &Path) -> Result<()> {
    let Ok(at) = fs::canonicalize(path) else { return Ok(()) };
    let Ok(data) = fs::metadata(&at) else { return Ok(()) };
    if has_second_name(&data) {
        return Err(linked_file(&at, file_id(&data)));
    }
    if is_mounted_alone(&at) {
        return Err(Error::storage_unchanged(
            StorageProblem::SecondName,
            format!("{} is mounted by itself, so its log would be another one here", at.display()),
            "Mount its folder instead, so that the log next to the file is shared.",
        ));
    }
    Ok(())
}

/// Returns the error for a file with hard links, which names those in the same folder.
pub fn linked_file(path: &Path, file: FileId) -> Error {
    let others: Vec<String> = path
        .parent()
        .and_then(|folder| fs::read_dir(folder).ok())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path() != path)
        .filter(|entry| entry.metadata().is_ok_and(|data| file_id(&data) == file))
        .map(|entry| entry.path().display().to_string())
        .collect();
    let also = match others.as_slice() {
        [] => "The other one is in another folder".to_owned(),
        names => format!("Another one is {}", names.join(", ")),
    };
    Error::storage_unchanged(
        StorageProblem::SecondName,
        format!("{} has a second name (a hard link)", path.display()),
        format!(
            "Servers under two names of one file overwrite each other's changes. {also}: end the \
             servers, then remove one of the names (rm removes only the name), or copy the file \
             instead."
        ),
    )
}

/// Whether a file is a mount point. Where that is unknown it counts as none.
fn is_mounted_alone(path: &Path) -> bool {
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    lists_mount_point(&mounts, path.as_os_str().as_encoded_bytes())
}

/// Whether the text of a `mountinfo` file lists the path as a mount point: its fifth field.
fn lists_mount_point(mounts: &[u8], path: &[u8]) -> bool {
    mounts
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
        .any(|point| unescape_octal(point) == path)
}

/// Reads `\040` and the like, by which the kernel writes blanks, line feeds and backslashes.
fn unescape_octal(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        if escaped.is_some() {
            rest = &after[3..];
        }
        bytes.push(escaped.unwrap_or(*first));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux writes it, with two files mounted alone.
    const MOUNTS: &[u8] = b"\
22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
96 28 254:0 /srv/a.db /data/b.db rw,relatime shared:1 - ext4 /dev/root rw
97 28 254:0 /srv/c.db /my\\040data/c\\134d\\012\xff.db rw - ext4 /dev/root rw
98 28 0:45 / /srv/folder rw,relatime - tmpfs tmpfs rw,size=2048k
99 28 254:0 /data/source.db /data/target.db//deleted rw - ext4 /dev/root rw
";

    #[test]
    fn a_file_that_is_mounted_alone_is_known_by_its_mount_point() {
        let listed = |path: &[u8]| lists_mount_point(MOUNTS, path);
        assert!(listed(b"/data/b.db"));
        assert!(listed(b"/my data/c\\d\n\xff.db"));
        let others: [&[u8]; 6] = [
            b"/srv/a.db",
            b"/data/b.db-wal",
            b"/data",
            b"/srv/folder/store.db",
            b"/data/source.db",
            b"",
        ];
        for other in others {
            assert!(!listed(other), "{}", other.escape_ascii());
        }
        assert!(!lists_mount_point(b"", b"/data/b.db"));
    }

    #[test]
    fn only_three_octal_digits_after_a_backslash_are_an_escape() {
        for (field, bytes) in [
            (&b"a\\040b"[..], &b"a b"[..]),
            (b"a\\04", b"a\\04"),
            (b"a\\048", b"a\\048"),
            (b"\\777", b"\\777"),
            (b"\\\\040", b"\\ "),
            (b"\\", b"\\"),
        ] {
            assert_eq!(unescape_octal(field), bytes, "{}", field.escape_ascii());
        }
    }
}
