//! Guesses from the headings of a table what its columns are.

use crate::model::Ontology;
use crate::ops::exchange::items::{ItemField, ItemMapping, PARENT};
use crate::ops::exchange::server_memory::snake_case;

/// Headings of fields, in snake case, with the more likely ones first.
const FIELDS: [(&[&str], ItemField); 10] = [
    (
        &[
            "uid",
            "id",
            "req_id",
            "requirement_id",
            "identifier",
            "reqif_foreign_id",
            "foreign_id",
            "object_identifier",
            "number",
            "nr",
            "no",
        ],
        ItemField::Uid,
    ),
    (
        &["name", "title", "summary", "heading", "short_name", "caption", "requirement"],
        ItemField::Name,
    ),
    (
        &["description", "text", "statement", "requirement_text", "object_text", "content", "body"],
        ItemField::Description,
    ),
    (&["type", "entity_type", "kind", "item_type", "requirement_type"], ItemField::Type),
    (&["status", "state"], ItemField::Status),
    (&["key"], ItemField::Key),
    (&["source_refs"], ItemField::SourceRefs),
    (&["confidence"], ItemField::Confidence),
    (&["hand_authored"], ItemField::HandAuthored),
    (&["project"], ItemField::Project),
];

/// Headings of links, in snake case, with the type and whether they lead to the row.
const LINKS: [(&[&str], &str, bool); 9] = [
    (&["parent", "parents", "parent_id", "parent_uid", "upstream"], PARENT, false),
    (&["child", "children", "downstream"], PARENT, true),
    (&["derived_from", "derives_from", "refines"], "refines", false),
    (&["implements", "fulfils", "fulfills"], "satisfies", false),
    (&["satisfied_by", "implemented_by", "fulfilled_by"], "satisfies", true),
    (&["verified_by", "tested_by", "validated_by"], "validated_by", false),
    (&["verifies", "tests", "validates"], "validated_by", true),
    (&["replaces"], "supersedes", false),
    (&["evidence"], "evidenced_by", false),
];

/// Proposes the columns of a mapping.
pub fn guess_columns(heading: &[String], ontology: &Ontology) -> ItemMapping {
    let mut mapping = ItemMapping::default();
    let names: Vec<String> = heading.iter().map(|name| snake_case(name)).collect();
    for (spellings, field) in FIELDS {
        let mut found =
            spellings.iter().filter_map(|spelling| names.iter().position(|name| name == spelling));
        if let Some(at) = found.next() {
            mapping.columns.insert(heading[at].clone(), field);
        }
    }
    for (heading, name) in heading.iter().zip(&names) {
        if let Some(field @ ItemField::Property(_)) = ItemField::parse(heading) {
            mapping.columns.insert(heading.clone(), field);
        } else if !mapping.columns.contains_key(heading) {
            guess_link(heading, name, ontology, &mut mapping);
        }
    }
    mapping
}

fn guess_link(heading: &str, name: &str, ontology: &Ontology, mapping: &mut ItemMapping) {
    let known = LINKS.iter().find(|(spellings, ..)| spellings.contains(&name));
    let (relation, leads_here) = match known {
        Some((_, relation, leads_here)) => (*relation, *leads_here),
        None if ontology.relationship_type(name).is_some() => (name, false),
        None => return,
    };
    let links = if leads_here { &mut mapping.links_to } else { &mut mapping.links };
    links.insert(heading.to_owned(), relation.to_owned());
}
