//! The formats of other programs: how each is named and recognised, read and written.

use super::items::{ExchangeFile, ItemFileArgs, ItemMapping, ItemSet, StoredItems};
use super::{adr, doorstop, entity_csv, needs, okf, reqif, sdoc};
use crate::model::{Ontology, Result};

/// Reads files as items.
type ReadItems = fn(&[ExchangeFile], &ItemFileArgs, &Ontology) -> Result<ItemSet>;

/// Proposes a mapping for a file.
type ProposeMapping = fn(&ExchangeFile, &ItemFileArgs, &Ontology) -> Result<ItemMapping>;
/// The paths in a folder, with their texts.
pub type FolderTexts = Vec<(String, String)>;

/// How a format is written.
pub enum ItemWriter {
    File(fn(&StoredItems) -> Result<String>),
    Binary(fn(&StoredItems) -> Result<Vec<u8>>),
    Folder(fn(&StoredItems) -> Result<FolderTexts>),
}

/// What a writer wrote.
pub enum WrittenItems {
    File(Vec<u8>),
    Folder(FolderTexts),
}

/// A format of files with items.
pub struct ExchangeFormat {
    /// Its name for `import --from`.
    pub name: &'static str,
    pub about: &'static str,
    /// The endings of its files, in lower case.
    pub endings: &'static [&'static str],
    /// The ends of the names of files that are of this format and no other, in lower case.
    pub own_names: &'static [&'static str],
    pub read: ReadItems,
    /// Its name for `export --format`.
    pub export_name: &'static str,
    pub writer: ItemWriter,
    /// Whether a field of a file can have the name of a property.
    pub takes_property: fn(&str, &Ontology) -> bool,
    /// Properties that a row gets where its file is read.
    pub added_properties: &'static [&'static str],
    pub propose: Option<ProposeMapping>,
}

pub static FORMATS: [ExchangeFormat; 8] = [
    ExchangeFormat {
        name: "csv",
        about: "A table in CSV or TSV, with a heading",
        endings: &["csv", "tsv"],
        own_names: &[".csv", ".tsv"],
        read: entity_csv::read_tables,
        export_name: "entity-csv",
        writer: ItemWriter::File(entity_csv::write_entities),
        takes_property: |_, _| true,
        added_properties: &[],
        propose: Some(entity_csv::propose_columns),
    },
    ExchangeFormat {
        name: "xlsx",
        about: "A sheet of an Excel workbook, with a heading",
        endings: &["xlsx", "xlsm"],
        own_names: &[".xlsx", ".xlsm"],
        read: entity_csv::read_tables,
        export_name: "xlsx",
        writer: ItemWriter::Binary(entity_csv::write_workbook),
        takes_property: |_, _| true,
        added_properties: &[],
        propose: Some(entity_csv::propose_columns),
    },
    ExchangeFormat {
        name: "adr",
        about: "A folder of decision records in Markdown: adr-tools, MADR, log4brains",
        endings: &["md"],
        own_names: &[],
        read: adr::read_records,
        export_name: "adr",
        writer: ItemWriter::Folder(adr::write_records),
        takes_property: adr::takes_property,
        added_properties: &[],
        propose: None,
    },
    ExchangeFormat {
        name: "sdoc",
        about: "Documents of StrictDoc",
        endings: &["sdoc"],
        own_names: &[".sdoc"],
        read: sdoc::read_documents,
        export_name: "sdoc",
        writer: ItemWriter::File(sdoc::write_document),
        takes_property: sdoc::takes_property,
        added_properties: &[],
        propose: None,
    },
    ExchangeFormat {
        name: "reqif",
        about: "ReqIF, also packed (.reqifz)",
        endings: &["reqif", "reqifz"],
        own_names: &[".reqif", ".reqifz"],
        read: reqif::read_specifications,
        export_name: "reqif",
        writer: ItemWriter::File(reqif::write_specifications),
        takes_property: reqif::takes_property,
        added_properties: &[],
        propose: None,
    },
    ExchangeFormat {
        name: "needs",
        about: "The needs.json of Sphinx-Needs",
        endings: &["json"],
        own_names: &["needs.json"],
        read: needs::read_needs,
        export_name: "needs",
        writer: ItemWriter::File(needs::write_needs),
        takes_property: needs::takes_property,
        added_properties: &[],
        propose: None,
    },
    ExchangeFormat {
        name: "doorstop",
        about: "The folder of a Doorstop tree",
        endings: &["yml", "yaml", "md"],
        own_names: &[],
        read: doorstop::read_tree,
        export_name: "doorstop",
        writer: ItemWriter::Folder(doorstop::write_tree),
        takes_property: doorstop::takes_property,
        added_properties: &[doorstop::DOCUMENT],
        propose: None,
    },
    ExchangeFormat {
        name: "okf",
        about: "A folder in the Open Knowledge Format: Markdown with front matter",
        endings: &["md"],
        own_names: &[],
        read: okf::read_bundle,
        export_name: "okf",
        writer: ItemWriter::Folder(okf::write_bundle),
        takes_property: okf::takes_property,
        added_properties: &[],
        propose: None,
    },
];

/// Returns the format with a name of `import --from`.
pub fn find_format(name: &str) -> Option<&'static ExchangeFormat> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Returns the format with a name of `export --format`.
pub fn find_writer(name: &str) -> Option<&'static ExchangeFormat> {
    FORMATS.iter().find(|format| format.export_name == name)
}

/// Returns the format to which a file of this name belongs, if its ending tells.
pub fn recognize_name(name: &str) -> Option<&'static ExchangeFormat> {
    let name = name.to_lowercase();
    FORMATS.iter().find(|format| format.own_names.iter().any(|end| name.ends_with(end)))
}

impl ExchangeFormat {
    /// Whether a file in a folder may be of this format.
    pub fn takes(&self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        ending.is_some_and(|ending| self.endings.contains(&ending.as_str()))
    }
}
