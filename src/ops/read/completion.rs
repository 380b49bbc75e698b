//! Completes the beginning of a project name, of an id, or of an entity's name or a memory's
//! content.

use crate::model::{Result, nearest, text};
use crate::ops::record::validate::MAX_NAME;
use crate::store::{self, View};

/// The first matching values, and the total number of matches.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    pub values: Vec<String>,
    pub total: i64,
}

/// Returns at most the given number of values that complete a prefix.
pub type Completes = fn(&View<'_>, &str, usize) -> Result<Completion>;

/// Completes registered names by prefix, then by the prefix of an alias, then by similar spelling.
pub fn complete_project(view: &View<'_>, begun: &str, most: usize) -> Result<Completion> {
    let begun = text::collapse_spaces(begun).to_lowercase();
    let projects = store::projects::list(view)?;
    let begins = |name: &String| name.to_lowercase().starts_with(&begun);
    let by_name = projects.iter().filter(|project| begins(&project.name));
    let by_alias = projects.iter().filter(|project| project.aliases.iter().any(begins));
    let mut values: Vec<String> =
        by_name.chain(by_alias).map(|project| project.name.clone()).collect();
    for near in nearest::nearest_names(&begun, store::projects::all_names(view)?) {
        let meant = projects.iter().find(|p| p.name == near || p.aliases.contains(&near));
        values.extend(meant.map(|project| project.name.clone()));
    }
    let mut seen = std::collections::HashSet::new();
    values.retain(|name| seen.insert(name.clone()));
    let total = values.len() as i64;
    values.truncate(most);
    Ok(Completion { values, total })
}

/// Completes entity ids by prefix, then by the prefix of the entity's name.
pub fn complete_entity(view: &View<'_>, begun: &str, most: usize) -> Result<Completion> {
    complete_id(begun, |begun| store::entities::ids_beginning(view, begun, most as i64))
}

/// Completes memory ids by prefix, then by the prefix of the memory's content.
pub fn complete_memory(view: &View<'_>, begun: &str, most: usize) -> Result<Completion> {
    complete_id(begun, |begun| store::memories::ids_beginning(view, begun, most as i64))
}

fn complete_id(
    begun: &str,
    find: impl Fn(&str) -> Result<(Vec<String>, i64)>,
) -> Result<Completion> {
    let begun = text::collapse_spaces(begun);
    if begun.chars().count() > MAX_NAME {
        return Ok(Completion::default());
    }
    let (values, total) = find(&begun)?;
    Ok(Completion { values, total })
}
