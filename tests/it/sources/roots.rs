//! Where the roots of a server and of the command come from.

use serde_json::json;

use super::Library;
use crate::support::{Session, program};

#[test]
fn roots_are_given_at_start_or_in_the_environment() {
    let library = Library::new();
    library.write("docs/a.md", "# A");
    library.write("more/b.md", "# B");
    let roots = std::env::join_paths([library.path("docs"), library.path("more")]).expect("paths");
    let mut command = program(&library.place.db(), 1);
    command.args(["serve", "--tools", "ingest_source"]).env("ATOCORE_ROOTS", roots);
    let mut session = Session::start(&mut command);
    for path in ["a.md", "b.md"] {
        assert_eq!(session.ok("ingest_source", json!({ "path": path }))["added"], 1);
    }
    session.end();
    // A person may name what is elsewhere, unless --root says otherwise.
    library.write("third/c.md", "# C");
    let mut command = program(&library.place.db(), 3);
    command.arg("ingest").arg(library.path("third")).env("ATOCORE_ROOTS", library.path("docs"));
    assert!(command.output().expect("it runs").status.success());
    assert_eq!(library.paths(), ["a.md", "b.md", "c.md"]);
    library.refused(&["third", "--root", "docs"], "outside of the roots");
    let output = library.place.run(2, &["serve", "--root", "missing"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("no folder that can be read"), "{told}");
}
