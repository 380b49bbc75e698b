//! Any bytes are read or refused, without a panic, and the lines that are made of them are complete.

use std::fs;

use atocore::model::Ontology;
use atocore::ops::exchange::formats::{ExchangeFormat, FORMATS};
use atocore::ops::exchange::items::{ExchangeFile, ItemFileArgs, plan_items};
use proptest::prelude::*;

use super::fixture;

/// The fixtures of each format.
fn fixtures(format: &ExchangeFormat) -> Vec<ExchangeFile> {
    let mut files = Vec::new();
    let mut waiting = vec![std::path::PathBuf::from(fixture(""))];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                waiting.push(path);
            } else if format.takes(&name) {
                files.push(ExchangeFile { name, bytes: fs::read(&path).expect("bytes") });
            }
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!files.is_empty(), "{} has no fixture", format.name);
    files
}

/// Reads a file; items, refused places and lines are of each other.
fn read(format: &ExchangeFormat, file: ExchangeFile) {
    let (wish, ontology) = (
        ItemFileArgs { status: "candidate".to_owned(), ..ItemFileArgs::default() },
        Ontology::default(),
    );
    let Ok(set) = (format.read)(&[file], &wish, &ontology) else { return };
    let (items, links) = (set.items.len(), set.links.len());
    let plan = plan_items(set, &wish, &ontology).expect("a plan");
    assert!(plan.lines.len() <= items + links);
    assert!(plan.lines.len() + plan.report.refused.len() >= items);
}

/// A change of the bytes of a file.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let marks = proptest::sample::select(vec![
        "\"", "<", ">", "]]>", "[[", "]", "<<<", ">>>", "---\n", "\n", "\t", ";", "'", "&x;", "- ",
        ": ", "\u{202e}", "{", "}", "&#0;", "=",
    ]);
    prop_oneof![
        at().prop_map(Damage::Cut),
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (at(), marks).prop_map(|(at, text)| Damage::Insert(at, text.as_bytes().to_vec())),
        (at(), at()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Flip(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::Insert(at, more) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Repeat(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.extend(part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_are_read_or_refused(
        changes in prop::collection::vec(damage(), 1..6),
        which in any::<prop::sample::Index>(),
    ) {
        for format in &FORMATS {
            let files = fixtures(format);
            let mut file = files[which.index(files.len())].clone();
            changes.iter().for_each(|change| apply(&mut file.bytes, change));
            read(format, file);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        for format in &FORMATS {
            let name = fixtures(format)[0].name.clone();
            read(format, ExchangeFile { name: name.clone(), bytes: bytes.clone() });
            read(format, ExchangeFile { name, bytes: text.clone().into_bytes() });
        }
    }
}

#[test]
fn fixtures_are_read_whole() {
    for format in &FORMATS {
        for file in fixtures(format) {
            let wish = ItemFileArgs { status: "candidate".to_owned(), ..ItemFileArgs::default() };
            let name = file.name.clone();
            let set = (format.read)(&[file], &wish, &Ontology::default()).expect("items");
            assert!(set.report.refused.is_empty(), "{name}: {:?}", set.report.refused);
        }
    }
}
