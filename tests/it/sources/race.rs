//! A folder that changes places with a link to a folder outside, while it is read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;

use super::Library;

#[test]
fn nothing_outside_of_the_root_is_read_however_fast_a_link_changes() {
    let library = Library::new();
    library.write("root/dir/a.md", "# Inside\n\nOf the root.");
    library.write("elsewhere/a.md", "# Outside\n\nA secret of the host.");
    let (folder, link) = (library.path("root/dir"), library.path("root/link"));
    std::os::unix::fs::symlink(library.path("elsewhere"), &link).expect("a link");
    if renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).is_err() {
        println!("skipped: this file system exchanges no names");
        return;
    }
    let (ended, swaps) = (AtomicBool::new(false), AtomicUsize::new(1));
    let mut session = library.serve(&["root"]);
    let file = library.place.sql();
    let mut stored = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).expect("a swap");
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut calls = 0;
        while calls < 600 || swaps.load(Ordering::Relaxed) < 10_000 {
            let path = ["dir/a.md", "dir", "link/a.md"][calls % 3];
            session.call("ingest_source", json!({ "path": path }));
            calls += 1;
            let sql = "SELECT count(*) FROM source_chunks WHERE content LIKE '%secret%'";
            stored += file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(stored, 0, "text from outside was stored");
    assert!(library.texts("SELECT heading_path FROM source_chunks").len() <= 2);
    session.end();
}
