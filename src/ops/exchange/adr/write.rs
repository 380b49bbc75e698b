//! Writes decisions as a folder of MADR 4 files, which the reader reads back.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::links::record_number;
use super::record::write_body;
use crate::model::Result;
use crate::model::text::fold_name;
use crate::ops::exchange::items::{StoredItem, StoredItems};
use crate::ops::exchange::yaml::write_field;

/// Characters of a title in the name of a file.
const MAX_SLUG: usize = 60;
/// Properties with a name of their own in the front matter.
const FRONT: [(&str, &str); 4] = [
    ("decided_on", "date"),
    ("deciders", "decision-makers"),
    ("consulted", "consulted"),
    ("informed", "informed"),
];

/// Returns the files of the decisions.
pub fn write_records(stored: &StoredItems) -> Result<Vec<(String, String)>> {
    let names = file_names(&stored.items);
    let mut files = Vec::new();
    for (at, item) in stored.items.iter().enumerate() {
        let Some(name) = names.get(&item.id) else { continue };
        let mut links = Vec::new();
        for (relation, target) in stored.links_of(at) {
            let Some(file) = names.get(&target.id) else { continue };
            let (words, name) = (relation_words(relation), &target.entity.name);
            links.push(format!("* {words} [{}]({file})", name.replace(['[', ']'], "")));
        }
        files.push((name.clone(), record_text(item, name, &links)));
    }
    Ok(files)
}

/// Returns the name of the file of each decision, by its id in links.
fn file_names(items: &[StoredItem]) -> BTreeMap<String, String> {
    let decisions = || items.iter().filter(|item| item.entity.entity_type == "decision");
    let mut taken: HashSet<u64> =
        decisions().filter_map(|item| own_number(&item.entity.uid)).collect();
    let mut next = 1;
    let mut used = HashSet::new();
    let mut names = BTreeMap::new();
    for item in decisions() {
        let digits = own_number(&item.entity.uid)
            .map(|_| item.entity.uid[4..].to_owned())
            .filter(|digits| used.insert(digits.clone()));
        let digits = digits.unwrap_or_else(|| {
            while !taken.insert(next) {
                next += 1;
            }
            format!("{next:04}")
        });
        names.insert(item.id.clone(), format!("{digits}-{}.md", make_slug(&item.entity.name)));
    }
    names
}

/// Returns the number in a uid such as `ADR-0009`.
fn own_number(uid: &str) -> Option<u64> {
    let digits = uid.strip_prefix("ADR-")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| record_number(uid)).flatten()
}

/// Returns a name of a file in lower case, without spaces and signs.
pub fn make_slug(name: &str) -> String {
    let mut slug = String::new();
    for c in fold_name(name).chars().take(MAX_SLUG) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "decision".to_owned() } else { slug.to_owned() }
}

fn relation_words(relation: &str) -> String {
    let words = relation.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn record_text(item: &StoredItem, file: &str, links: &[String]) -> String {
    let entity = &item.entity;
    let mut front = vec![("status".to_owned(), Value::from("accepted"))];
    let implied = record_number(file.trim_end_matches(".md"))
        .map(|_| format!("ADR-{}", file.split('-').next().unwrap_or_default()));
    if implied.as_deref() != Some(entity.uid.as_str()) {
        front.push(("uid".to_owned(), Value::from(entity.uid.as_str())));
    }
    for (name, value) in &entity.properties {
        let known = FRONT.iter().find(|(property, _)| property == name);
        front.push((known.map_or(name.as_str(), |(_, key)| key).to_owned(), value.clone()));
    }
    let mut text = String::from("---\n");
    for (name, value) in front {
        text.push_str(&write_field(&name, &value));
    }
    text.push_str(&format!("---\n# {}\n", entity.name));
    if !entity.description.is_empty() {
        text.push_str(&format!("\n{}", write_body(&entity.description)));
    }
    if !links.is_empty() {
        text.push_str(&format!("\n## Links\n\n{}\n", links.join("\n")));
    }
    text
}
