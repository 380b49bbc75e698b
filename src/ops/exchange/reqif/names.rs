//! Names of attributes, properties and identifiers.

/// The property with the identifier of an object that another program made.
pub const IDENTIFIER: &str = "reqif_identifier";
/// The property with the instant of its last change there.
pub const LAST_CHANGE: &str = "reqif_last_change";
/// The property with the header of the file.
pub const HEADER: &str = "reqif_header";
/// The property with the formatted texts of an object, by attribute.
pub const FORMATTED: &str = "reqif_xhtml";
/// The property with the attributes of the relations of an object.
pub const RELATION_VALUES: &str = "reqif_relations";
/// The property with the ids of the objects below, in their order.
pub const CONTENTS: &str = "contents";
pub const ORIGINAL_TYPE: &str = "original_type";
pub const SPECIFICATION: &str = "SPECIFICATION";
/// The beginning of identifiers that we made: of them nothing has to be kept.
pub const OWN: &str = "atocore-";
/// The long name of the datatype of attributes whose texts are JSON.
pub const JSON_TYPE: &str = "atocore JSON";
pub const FOREIGN_ID: &str = "ReqIF.ForeignID";
pub const NAME: &str = "ReqIF.Name";
pub const TEXT: &str = "ReqIF.Text";
