//! The rows in the export of one project: its own, the global ones if included, and the rows that
//! these reference.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{Error, Kind, Result, SubjectKind, source_ref};
use crate::ops::record::claims;
use crate::ops::write::projects;
use crate::store::table_dump::{self, Fields, TableSection};
use crate::store::{self, View};

pub struct ExportScope {
    pub project: String,
    pub global: bool,
    /// Documents of other projects, of which a row in the scope cites a chunk.
    documents: BTreeSet<String>,
}

impl ExportScope {
    /// Resolves a project that is registered or used.
    pub fn resolve_project(view: &View<'_>, project: &str) -> Result<String> {
        let project = projects::resolve(view, project)?;
        let used = || store::projects::names_in_use(view);
        if !project.registered && !used()?.contains(&project.name) {
            return Err(Error::NotFound {
                subject: SubjectKind::RegisteredProject,
                given: project.name,
                nearest: project.nearest,
            });
        }
        Ok(project.name)
    }

    pub fn of(view: &View<'_>, project: &str, global: bool) -> Result<Self> {
        let project = Self::resolve_project(view, project)?;
        let mut scope = Self { project, global, documents: BTreeSet::new() };
        scope.documents = scope.cited_documents(view)?;
        Ok(scope)
    }

    fn cited_documents(&self, view: &View<'_>) -> Result<BTreeSet<String>> {
        let mut documents = BTreeSet::new();
        let mut cite = |chunk: &str| {
            documents.extend(table_dump::text_of(view, "source_chunks", "document_id", chunk)?);
            Ok(())
        };
        claims::for_each_id(view, Kind::Memory, |id| {
            let memory = store::memories::get(view, id)?.filter(|row| self.names(&row.project));
            memory.and_then(|row| row.source_chunk_id).map_or(Ok(()), |chunk| cite(&chunk))
        })?;
        claims::for_each_id(view, Kind::Entity, |id| {
            let entity = store::entities::get(view, id)?.filter(|row| self.names(&row.project));
            let refs = entity.map(|row| row.source_refs).unwrap_or_default();
            source_ref::targets_of(&refs, "chunk").try_for_each(&mut cite)
        })?;
        Ok(documents)
    }

    fn names(&self, project: &str) -> bool {
        project == self.project || self.global && project.is_empty()
    }

    /// Returns whether a row of a section is in the export.
    pub fn covers(&self, view: &View<'_>, section: &TableSection, row: &Fields) -> Result<bool> {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(match section.name {
            "project" => text("name") == self.project,
            // They name places in the whole chain.
            "operation" => false,
            "project_state" => self.has_project(view, text("project_id"))?,
            "document" => self.names(text("project")) || self.documents.contains(text("id")),
            "chunk" => self.has_document(view, text("document_id"))?,
            "relationship" => {
                self.has_entity(view, text("source_entity_id"))?
                    && self.has_entity(view, text("target_entity_id"))?
            }
            _ => self.names(text("project")),
        })
    }

    /// Returns whether a link outside the export has one end in it.
    pub fn cuts(&self, view: &View<'_>, section: &TableSection, row: &Fields) -> Result<bool> {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(section.name == "relationship"
            && (self.has_entity(view, text("source_entity_id"))?
                || self.has_entity(view, text("target_entity_id"))?))
    }

    /// Returns whether an audit row is about a row in the export.
    pub fn covers_subject(&self, view: &View<'_>, kind: &str, id: &str) -> Result<bool> {
        let named = |table, column| table_dump::text_of(view, table, column, id);
        let project = match Kind::parse(kind) {
            Some(Kind::Memory) => named("memories", "project")?,
            Some(Kind::Entity) => named("entities", "project")?,
            Some(Kind::Conflict) => named("conflicts", "project")?,
            Some(Kind::Interaction) => named("interactions", "project")?,
            Some(Kind::Revision) => named("revisions", "project")?,
            Some(Kind::Project) => return self.has_project(view, id),
            Some(Kind::ProjectState) => {
                let project = named("project_state", "project_id")?;
                return project.map_or(Ok(false), |id| self.has_project(view, &id));
            }
            Some(Kind::Relationship) => {
                let link = store::relationships::get(view, id)?;
                return link.map_or(Ok(false), |link| {
                    Ok(self.has_entity(view, &link.source_entity_id)?
                        && self.has_entity(view, &link.target_entity_id)?)
                });
            }
            Some(Kind::Store) | None => None,
        };
        Ok(project.is_some_and(|project| self.names(&project)))
    }

    fn has_entity(&self, view: &View<'_>, id: &str) -> Result<bool> {
        let project = table_dump::text_of(view, "entities", "project", id)?;
        Ok(project.is_some_and(|project| self.names(&project)))
    }

    fn has_project(&self, view: &View<'_>, id: &str) -> Result<bool> {
        let name = table_dump::text_of(view, "projects", "name", id)?;
        Ok(name.is_some_and(|name| name == self.project))
    }

    fn has_document(&self, view: &View<'_>, id: &str) -> Result<bool> {
        let project = table_dump::text_of(view, "source_documents", "project", id)?;
        Ok(self.documents.contains(id) || project.is_some_and(|project| self.names(&project)))
    }
}
