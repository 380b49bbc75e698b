//! A store that is made new, beside those that are upgraded.

use std::fs;

use super::support::{Place, command, stderr};

#[test]
fn a_new_file_is_made_for_its_user_only_with_the_folders_that_it_needs() {
    let place = Place::empty();
    let path = place.path.with_file_name("data").join("deep").join("store.db");
    let output = command(&path, &["serve"]).output().expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let names: Vec<_> = fs::read_dir(path.with_file_name(""))
        .expect("a listing")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["store.db"]);
    #[cfg(unix)]
    assert_eq!(mode(&path), 0o600);
}

#[cfg(unix)]
pub fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}
