//! The formats of other programs: how each is named and recognised, read and written.

use super::items::{ExchangeFile, ItemFileArgs, ItemMapping, ItemSet, StoredItems};
use super::{adr, entity_csv, reqif, sdoc};
use crate::model::{Ontology, Result};

/// Reads files as items.
type ReadItems = fn(&[ExchangeFile], &ItemFileArgs, &Ontology) -> Result<ItemSet>;

/// Proposes a mapping for a file.
type ProposeMapping = fn(&ExchangeFile, &ItemFileArgs, &Ontology) -> Result<ItemMapping>;
/// The paths in a folder, with their texts.
pub type FolderTexts = Vec<(String, String)>;

/// How a format is written.
pub enum ItemWriter {
    File(fn(&mut StoredItems) -> Result<String>),
    Folder(fn(&mut StoredItems) -> Result<FolderTexts>),
}

/// A format of files with items.
pub struct ExchangeFormat {
    /// Its name for `import --from`.
    pub name: &'static str,
    pub about: &'static str,
    /// The endings of its files, in lower case.
    pub endings: &'static [&'static str],
    /// Whether a file with such an ending is of this format and no other.
    pub has_own_ending: bool,
    pub read: ReadItems,
    /// Its name for `export --format`, and its writer.
    pub writer: (&'static str, ItemWriter),
    pub propose: Option<ProposeMapping>,
}

pub static FORMATS: [ExchangeFormat; 4] = [
    ExchangeFormat {
        name: "csv",
        about: "A table in CSV or TSV, with a heading",
        endings: &["csv", "tsv"],
        has_own_ending: true,
        read: entity_csv::read_tables,
        writer: ("entity-csv", ItemWriter::File(|stored| entity_csv::write_entities(stored))),
        propose: Some(entity_csv::propose_columns),
    },
    ExchangeFormat {
        name: "adr",
        about: "A folder of decision records in Markdown: adr-tools, MADR, log4brains",
        endings: &["md"],
        has_own_ending: false,
        read: adr::read_records,
        writer: ("adr", ItemWriter::Folder(adr::write_records)),
        propose: None,
    },
    ExchangeFormat {
        name: "sdoc",
        about: "Documents of StrictDoc",
        endings: &["sdoc"],
        has_own_ending: true,
        read: sdoc::read_documents,
        writer: ("sdoc", ItemWriter::File(sdoc::write_document)),
        propose: None,
    },
    ExchangeFormat {
        name: "reqif",
        about: "ReqIF, also packed (.reqifz)",
        endings: &["reqif", "reqifz"],
        has_own_ending: true,
        read: reqif::read_specifications,
        writer: ("reqif", ItemWriter::File(reqif::write_specifications)),
        propose: None,
    },
];

/// Returns the format with a name of `import --from`.
pub fn find_format(name: &str) -> Option<&'static ExchangeFormat> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Returns the format with a name of `export --format`.
pub fn find_writer(name: &str) -> Option<&'static ItemWriter> {
    FORMATS.iter().find(|format| format.writer.0 == name).map(|format| &format.writer.1)
}

/// Returns the format to which a file of this name belongs, if its ending tells.
pub fn recognize_name(name: &str) -> Option<&'static ExchangeFormat> {
    FORMATS.iter().find(|format| format.has_own_ending && format.takes(name))
}

impl ExchangeFormat {
    /// Whether a file in a folder may be of this format.
    pub fn takes(&self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        ending.is_some_and(|ending| self.endings.contains(&ending.as_str()))
    }
}
