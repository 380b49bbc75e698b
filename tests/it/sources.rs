//! Files that are no plain documents: binary, huge, linked, in other encodings, taken twice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use atocore::ops::{self, sources};
use atocore::store::{Db, Settings, Tx};
use serde_json::json;

use crate::support::{Place, Session, program};

mod race;
mod roots;

struct Library {
    place: Place,
    seed: std::cell::Cell<u64>,
}

impl Library {
    fn new() -> Self {
        Self { place: Place::new(), seed: std::cell::Cell::new(0) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    /// Runs the command; gives what it printed and whether it succeeded.
    fn ingest(&self, arguments: &[&str]) -> (String, bool) {
        self.seed.set(self.seed.get() + 1);
        let output = self.place.run(self.seed.get(), &[&["ingest"], arguments].concat());
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).expect("UTF-8"), output.status.success())
    }

    /// Ingests what must succeed.
    fn ingested(&self, arguments: &[&str]) -> String {
        let (text, done) = self.ingest(arguments);
        assert!(done, "{text}");
        text
    }

    /// Ingests what must be refused.
    fn refused(&self, arguments: &[&str], reason: &str) {
        let (text, done) = self.ingest(arguments);
        assert!(!done && text.contains(reason), "{text}");
    }

    fn serve(&self, roots: &[&str]) -> Session {
        self.seed.set(self.seed.get() + 1);
        let roots = roots.iter().flat_map(|root| ["--root", root]);
        let arguments: Vec<&str> = ["--tools", "ingest_source"].into_iter().chain(roots).collect();
        self.place.serve(self.seed.get(), &arguments)
    }

    fn open(&self) -> Db {
        atocore::ops::open(Settings::new(self.place.db())).expect("the store opens").0
    }

    fn paths(&self) -> Vec<String> {
        self.texts("SELECT file_path FROM source_documents ORDER BY file_path")
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let file = self.place.sql();
        let mut statement = file.prepare(sql).expect("SQL");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a text")).collect()
    }
}

#[test]
fn each_encoding_is_read_and_kept_as_utf_8() {
    let library = Library::new();
    let text = "# Größe\n\n10 µm – 20 °C";
    library.write("docs/utf8.md", text);
    library.write("docs/bom.md", format!("\u{FEFF}{text}"));
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{FEFF}{text}").encode_utf16().flat_map(bytes).collect()
    };
    library.write("docs/utf16le.md", wide(u16::to_le_bytes));
    library.write("docs/utf16be.md", wide(u16::to_be_bytes));
    library.write("docs/windows.md", b"# Gr\xF6\xDFe\r\n\r\n10 \xB5m \x96 20 \xB0C");
    library.ingested(&["docs"]);
    let chunks = library.texts("SELECT DISTINCT heading_path || '|' || content FROM source_chunks");
    assert_eq!(chunks, [format!("Größe|{text}")]);
    assert_eq!(library.paths().len(), 5);
}

#[test]
fn what_is_no_text_is_refused_by_name_and_passed_by_in_a_folder() {
    let library = Library::new();
    library.write("docs/good.md", "# Good");
    library.write("docs/nul.md", b"a\0b");
    library.write("docs/photo.md", b"\xFF\xD8\xFF\xE0\x01\x02\x03");
    library.write("docs/cut.md", b"\xEF\xBB\xBFa\xFF");
    // Of a size that would be felt if it were read.
    let sparse = File::create(library.path("docs/big.txt")).expect("a file");
    sparse.set_len(200 << 20).expect("a sparse file");
    library.write("docs/many.md", "# a\n".repeat(100_001));
    let told = library.ingested(&["docs"]);
    assert!(told.contains("1 added"), "{told}");
    for (path, reason) in [
        ("nul.md", "it is a binary file"),
        ("photo.md", "it is a binary file"),
        ("cut.md", "it is not in the encoding that its first bytes name"),
        ("big.txt", "it has 209715200 bytes; the limit is 16777216"),
        ("many.md", "has 100001 chunks; the limit is 100000"),
    ] {
        assert!(told.contains(&format!("refused {path:?}")) && told.contains(reason), "{told}");
        library.refused(&[&format!("docs/{path}")], reason);
    }
    let mut session = library.serve(&["docs"]);
    let error = session.error("ingest_source", json!({ "path": "big.txt" }));
    assert_eq!(error["code"], "invalid");
    let answer = session.ok("ingest_source", json!({ "path": "." }));
    assert_eq!(
        (&answer["unchanged"], answer["refused"].as_array().map(Vec::len)),
        (&json!(1), Some(5))
    );
    session.end();
    assert_eq!(library.paths(), ["good.md"]);
}

#[test]
fn a_document_whose_file_became_unreadable_stays() {
    let library = Library::new();
    library.write("docs/a.md", "# A");
    library.ingested(&["docs"]);
    library.write("docs/a.md", b"\0");
    let told = library.ingested(&["docs"]);
    assert!(told.contains("0 removed") && told.contains("binary"), "{told}");
    assert_eq!(library.texts("SELECT content FROM source_chunks"), ["# A"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_never_out_of_the_root() {
    use std::os::unix::fs::symlink;
    let library = Library::new();
    library.write("secret/key.md", "# Secret");
    library.write("docs/a.md", "# A");
    library.write("docs/sub/b.md", "# B");
    let link = |to: &Path, name: &str| symlink(to, library.path(name)).expect("a link");
    link(Path::new(".."), "docs/sub/loop");
    link(Path::new("sub"), "docs/again");
    link(Path::new("a.md"), "docs/same.md");
    link(&library.path("secret/key.md"), "docs/out.md");
    link(&library.path("secret"), "docs/outside");
    link(Path::new("nowhere"), "docs/broken.md");
    let told = library.ingested(&["docs"]);
    assert_eq!(library.paths(), ["a.md", "sub/b.md"], "{told}");
    for name in ["out.md", "outside"] {
        let line = format!("refused {name:?}: the link leads out of the root");
        assert!(told.contains(&line), "{told}");
    }
    assert!(told.contains("refused \"broken.md\""), "{told}");

    let mut session = library.serve(&["docs"]);
    for path in ["out.md", "outside", "outside/key.md", "sub/loop/../../secret"] {
        let error = session.error("ingest_source", json!({ "path": path }));
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains("outside of the roots"), "{message}");
    }
    // Through the link to the folder above, which is not outside.
    let answer = session.ok("ingest_source", json!({ "path": "again" }));
    assert_eq!(answer["unchanged"], 2);
    let inside = library.path("docs/same.md");
    let answer = session.ok("ingest_source", json!({ "path": inside }));
    assert_eq!(answer["unchanged"], 1);
    session.end();
    assert_eq!(library.paths().len(), 2);
    library.refused(&["docs/out.md", "--root", "docs"], "leads out");
    // By name, and without a root, a person may follow a link.
    library.ingested(&["docs/out.md"]);
    assert_eq!(library.paths(), ["a.md", "key.md", "sub/b.md"]);
}

#[cfg(unix)]
#[test]
fn folders_that_link_to_each_other_are_read_once() {
    let library = Library::new();
    for from in 0..12 {
        library.write(&format!("docs/{from}/a.md"), format!("# {from}"));
        for to in (0..12).filter(|to| *to != from) {
            let name = library.path(&format!("docs/{from}/to-{to}"));
            std::os::unix::fs::symlink(format!("../{to}"), name).expect("a link");
        }
    }
    let told = library.ingested(&["docs"]);
    assert!(told.contains("12 added"), "{told}");
}

#[cfg(unix)]
#[test]
fn pipes_are_not_opened_and_odd_names_are_told() {
    use std::os::unix::ffi::OsStrExt;
    let library = Library::new();
    library.write("docs/a.md", "# A");
    let made = std::process::Command::new("mkfifo").arg(library.path("docs/pipe.md")).status();
    assert!(made.expect("mkfifo").success());
    let odd = std::ffi::OsStr::from_bytes(b"docs/\xFF.md");
    fs::write(library.place.folder.path().join(odd), "# Odd").expect("a file");
    let told = library.ingested(&["docs"]);
    assert!(told.contains("1 \"device, pipe or socket\""), "{told}");
    assert!(told.contains("its name is not UTF-8"), "{told}");
    library.refused(&["docs/pipe.md"], "it is not a regular file");
    assert_eq!(library.paths(), ["a.md"]);
}

#[test]
fn two_files_of_one_name_are_never_taken_for_each_other() {
    let library = Library::new();
    library.write("one/docs/a.md", "# One");
    library.write("two/docs/a.md", "# Two");
    library.ingested(&["one"]);
    let told = library.ingested(&["two"]);
    assert!(told.contains("refused \"docs/a.md\"") && told.contains("another document"), "{told}");
    library.refused(&["two/docs/a.md", "--root", "two"], "a folder above both");
    assert_eq!(library.texts("SELECT title FROM source_documents"), ["One"]);
    library.ingested(&["two", "--root", "."]);
    library.ingested(&["one", "two", "--root", "."]);
    assert_eq!(library.paths(), ["one/docs/a.md", "two/docs/a.md"]);
    // The name is free when the file that had it is gone.
    library.write("three/one/docs/a.md", "# Three");
    fs::remove_file(library.path("one/docs/a.md")).expect("it was there");
    library.ingested(&["three", "--root", "three"]);
    assert_eq!(
        library.texts("SELECT file_path || ' ' || title FROM source_documents ORDER BY 1"),
        ["one/docs/a.md Three", "two/docs/a.md Two"]
    );
}

#[test]
fn a_document_whose_file_is_not_here_is_not_replaced_by_one_of_another_project() {
    let library = Library::new();
    library.write("x/README.md", "# Lynx");
    library.write("y/README.md", "# Otter");
    library.write("z/README.md", "# Lynx");
    library.ingested(&["x", "--project", "lynx"]);
    let forget = || library.place.sql().execute("UPDATE source_files SET location = ''", []);
    let stored = || library.texts("SELECT title || ' of ' || project FROM source_documents");
    // As an import leaves it.
    forget().expect("SQL");
    for arguments in [&["y", "--project", "otter"][..], &["z", "--project", "otter"], &["y"]] {
        let told = library.ingested(arguments);
        assert!(told.contains("of the project \"lynx\" (If it is that document"), "{told}");
        assert_eq!(stored(), ["Lynx of lynx"]);
    }
    // The same when its file is gone.
    library.ingested(&["x"]);
    fs::remove_file(library.path("x/README.md")).expect("it was there");
    let told = library.ingested(&["y", "--project", "otter"]);
    assert!(told.contains("0 replaced"), "{told}");
    // The same bytes carry it on, and so does its project.
    let told = library.ingested(&["z"]);
    assert!(told.contains("1 relabelled"), "{told}");
    forget().expect("SQL");
    let told = library.ingested(&["y", "--project", "lynx"]);
    assert!(told.contains("1 replaced"), "{told}");
    assert_eq!(stored(), ["Otter of lynx"]);
    // The way out that the refusal names.
    library.write("w/README.md", "# Wolf");
    library.ingested(&["w", "--project", "wolf", "--root", "."]);
    assert_eq!(library.paths(), ["README.md", "w/README.md"]);
}

#[test]
fn a_document_is_removed_only_if_its_file_is_still_gone_from_where_it_was() {
    let library = Library::new();
    for name in ["back.md", "elsewhere.md", "gone.md"] {
        library.write(&format!("docs/{name}"), format!("# {name}"));
    }
    library.ingested(&["docs"]);
    let folder = fs::canonicalize(library.path("docs")).expect("it is there");
    fs::remove_dir_all(&folder).expect("it was there");
    let db = library.open();
    let folder = folder.to_str().expect("UTF-8");
    let vanished = db.read(|view| sources::list_vanished(view, folder, None)).expect("a list");
    assert_eq!(vanished.len(), 3);
    // What others do between the look and the removal.
    library.write("docs/back.md", "# back.md");
    let moved = "UPDATE source_files SET location = '/x' WHERE location LIKE '%elsewhere.md'";
    library.place.sql().execute(moved, []).expect("SQL");
    for document in &vanished {
        let remove = |tx: &Tx<'_>| sources::remove(tx, document, "");
        let done = ops::write_and_detect_conflicts(&db, "anna", "test", remove);
        let removed = done.expect("it is written").value;
        assert_eq!(removed, document.file_path == "gone.md", "{}", document.file_path);
    }
    assert_eq!(library.paths(), ["back.md", "elsewhere.md"]);
}

#[test]
fn among_many_files_of_the_same_bytes_the_oldest_are_known_when_they_move() {
    let library = Library::new();
    for at in 0..=100 {
        library.write(&format!("docs/{at:03}.txt"), "the same");
    }
    library.ingested(&["docs"]);
    let rename = |from: &str, to: &str| fs::rename(library.path(from), library.path(to));
    rename("docs/099.txt", "docs/new.txt").expect("it was there");
    let told = library.ingested(&["docs"]);
    assert!(told.contains("0 added, 0 replaced, 1 relabelled"), "{told}");
    rename("docs/100.txt", "docs/newer.txt").expect("it was there");
    let told = library.ingested(&["docs"]);
    assert!(told.contains("1 added") && told.contains("1 removed"), "{told}");
    assert_eq!(library.paths().len(), 101);
}

#[test]
fn a_new_root_never_gives_a_document_the_name_of_another() {
    let library = Library::new();
    library.write("set/x.md", "# Outer");
    library.write("set/a/x.md", "# Inner");
    library.ingested(&["set"]);
    let told = library.ingested(&["set/a", "--root", "set/a"]);
    assert!(told.contains("another document"), "{told}");
    assert_eq!(library.paths(), ["a/x.md", "x.md"]);
}

#[test]
fn a_document_of_the_python_system_is_known_by_its_absolute_path() {
    let library = Library::new();
    library.write("docs/a.md", "# A\n\nnew text");
    library.write("other/b.md", "# B");
    library.ingested(&["other"]);
    let path = fs::canonicalize(library.path("docs/a.md")).expect("it is there");
    let path = path.to_str().expect("UTF-8");
    library
        .place
        .sql()
        .execute_batch(&format!(
            "INSERT INTO source_documents (id, file_path, file_hash, title, doc_type, tags, \
             project, ingested_at, updated_at) VALUES ('old', '{path}', 'x', 'A', 'markdown', '[]', \
             'p', '2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z');
             INSERT INTO source_chunks (id, document_id, chunk_index, content, heading_path, \
             char_count, metadata, created_at) VALUES ('kept', 'old', 0, '# A\n\nnew text', 'A', 11, \
             '{{\"own\":1}}', '2025-01-01T00:00:00.000Z');"
        ))
        .expect("rows of an older program");
    let told = library.ingested(&["docs"]);
    assert!(told.contains("1 replaced"), "{told}");
    let rows = library.texts(
        "SELECT d.id || ' ' || d.file_path || ' ' || c.id || ' ' || c.metadata \
         FROM source_documents d JOIN source_chunks c ON c.document_id = d.id WHERE d.id = 'old'",
    );
    assert_eq!(rows, ["old a.md kept {\"own\":1,\"line\":1}"]);
}

#[test]
fn chunks_of_the_python_system_are_searched_and_replaced() {
    let library = Library::new();
    let old = include_str!("../fixtures/python_1_earliest.sql");
    library.place.sql().execute_batch(old).expect("a database of the Python system");
    library.write("vault/p04/mirror.md", "# Mirror\n\nIt is 1.2 m across.");
    // An upgrade reads every row.
    let mut upgrade = program(&library.place.db(), 1);
    let output = upgrade.env_remove("ATOCORE_TEST_PLANS").arg("candidates").output();
    assert!(output.expect("it runs").status.success());
    let indexed = "SELECT id FROM search_rows WHERE kind = 'chunk' ORDER BY id";
    assert_eq!(library.texts(indexed), ["chunk-1", "chunk-2"]);
    let told = library.ingested(&["vault", "--root", "."]);
    assert!(told.contains("1 replaced"), "{told}");
    let chunks = library.texts("SELECT id FROM source_chunks");
    assert!(chunks.len() == 1 && library.texts(indexed) == chunks, "{chunks:?}");
    // Its foreign key does not let go by itself.
    let cited = "SELECT id FROM memories WHERE source_chunk_id IS NOT NULL";
    assert!(library.texts(cited).is_empty());
    library.place.verify();
}
