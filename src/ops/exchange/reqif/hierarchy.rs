//! The relations and the hierarchy of a written document.

use std::collections::HashMap;

use serde_json::Value;

use super::attributes::type_identifier;
use super::names::{CONTENTS, OWN, SPECIFICATION};
use super::write::{ReqifWriter, is_specification};
use crate::ops::exchange::xml_text::escape_xml;

/// Levels of the hierarchy that are written; a deeper part is written as a relation.
const MAX_LEVELS: usize = 60;

impl ReqifWriter<'_> {
    /// Places each item below the one that it is part of, in the order of that one's list.
    pub fn place_items(&mut self) {
        let mut parents: HashMap<usize, usize> = HashMap::new();
        for link in self.stored.links.iter().filter(|link| link.relation == "part_of") {
            if !is_specification(&self.stored.items[link.source]) {
                parents.entry(link.source).or_insert(link.target);
            }
        }
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for (at, item) in self.stored.items.iter().enumerate() {
            ids.insert(&item.id, at);
            ids.insert(&self.identifiers[at], at);
        }
        for at in 0..self.stored.items.len() {
            match parents.get(&at) {
                Some(parent) if level_of(&parents, at).is_some() => {
                    self.placed.insert((at, *parent));
                    self.children.entry(*parent).or_default().push(at);
                }
                _ => self.roots.push(at),
            }
        }
        for (parent, children) in &mut self.children {
            let list = self.stored.items[*parent]
                .entity
                .properties
                .get(CONTENTS)
                .and_then(Value::as_array);
            let places = list.into_iter().flatten().filter_map(Value::as_str).enumerate();
            let places: HashMap<usize, usize> =
                places.filter_map(|(place, id)| Some((*ids.get(id)?, place))).collect();
            children.sort_by_key(|child| places.get(child).copied().unwrap_or(usize::MAX));
        }
    }

    pub fn write_relations(&mut self) {
        self.line(3, "<SPEC-RELATIONS>");
        let stored = self.stored;
        for (number, link) in stored.links.iter().enumerate() {
            let is_placed =
                link.relation == "part_of" && self.placed.contains(&(link.source, link.target));
            let is_of_objects =
                [link.source, link.target].iter().all(|at| !is_specification(&stored.items[*at]));
            if is_placed || !is_of_objects {
                continue;
            }
            let kind = type_identifier(&format!("relation {}", link.relation));
            let [source, target] =
                [link.source, link.target].map(|at| self.identifiers[at].clone());
            self.line(4, &format!("<SPEC-RELATION IDENTIFIER=\"{OWN}link-{number}\" LAST-CHANGE=\"1970-01-01T00:00:00Z\">"));
            self.line(
                5,
                &format!("<TYPE><SPEC-RELATION-TYPE-REF>{kind}</SPEC-RELATION-TYPE-REF></TYPE>"),
            );
            self.line(5, &format!("<SOURCE><SPEC-OBJECT-REF>{source}</SPEC-OBJECT-REF></SOURCE>"));
            self.line(5, &format!("<TARGET><SPEC-OBJECT-REF>{target}</SPEC-OBJECT-REF></TARGET>"));
            self.line(4, "</SPEC-RELATION>");
        }
        self.line(3, "</SPEC-RELATIONS>");
    }

    pub fn write_hierarchy(&mut self) {
        self.line(3, "<SPECIFICATIONS>");
        let roots = std::mem::take(&mut self.roots);
        let (specifications, others): (Vec<usize>, Vec<usize>) =
            roots.into_iter().partition(|at| is_specification(&self.stored.items[*at]));
        for at in specifications {
            let head = self.identity(at);
            let name = escape_xml(&self.stored.items[at].entity.name);
            self.line(4, &format!("<SPECIFICATION {head} LONG-NAME=\"{name}\">"));
            self.write_values(at);
            let children = self.children.get(&at).cloned().unwrap_or_default();
            self.write_specification_end(&children);
        }
        if !others.is_empty() {
            self.line(4, &format!("<SPECIFICATION IDENTIFIER=\"{OWN}specification\" LAST-CHANGE=\"1970-01-01T00:00:00Z\" LONG-NAME=\"Entities\">"));
            self.write_specification_end(&others);
        }
        self.line(3, "</SPECIFICATIONS>");
    }

    fn write_specification_end(&mut self, children: &[usize]) {
        let kind = type_identifier(SPECIFICATION);
        self.line(
            5,
            &format!("<TYPE><SPECIFICATION-TYPE-REF>{kind}</SPECIFICATION-TYPE-REF></TYPE>"),
        );
        self.write_children(children, 5);
        self.line(4, "</SPECIFICATION>");
    }

    fn write_children(&mut self, children: &[usize], level: usize) {
        if children.is_empty() {
            return;
        }
        self.line(level, "<CHILDREN>");
        for at in children {
            let identifier = self.identifiers[*at].clone();
            self.line(level + 1, &format!("<SPEC-HIERARCHY IDENTIFIER=\"{OWN}place-{}\" LAST-CHANGE=\"1970-01-01T00:00:00Z\">", self.stored.items[*at].entity.id));
            self.line(
                level + 2,
                &format!("<OBJECT><SPEC-OBJECT-REF>{identifier}</SPEC-OBJECT-REF></OBJECT>"),
            );
            let inside = self.children.get(at).cloned().unwrap_or_default();
            self.write_children(&inside, level + 2);
            self.line(level + 1, "</SPEC-HIERARCHY>");
        }
        self.line(level, "</CHILDREN>");
    }
}

/// Returns the number of items above one; `None` if they are too many, or a circle.
fn level_of(parents: &HashMap<usize, usize>, at: usize) -> Option<usize> {
    let mut next = at;
    for level in 0..MAX_LEVELS {
        match parents.get(&next) {
            Some(parent) => next = *parent,
            None => return Some(level),
        }
    }
    None
}
