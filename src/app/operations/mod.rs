//! The table of operations, one file for each noun.

mod any_rows;
mod audit_log;
mod baselines;
mod batch;
mod candidates;
mod conflicts;
mod context;
mod decisions;
mod diff;
mod entities;
mod entity_updates;
mod graduations;
mod handoffs;
mod history;
mod interactions;
mod link_reviews;
mod memories;
mod merges;
mod ontology;
mod project_names;
mod projects;
mod queries;
mod redact;
mod relationships;
mod review;
mod review_candidates;
mod row_lists;
mod search;
mod sources;
mod status;
mod undo;
mod undo_since;

pub use any_rows::GetRow;
pub use audit_log::ListAudit;
pub use baselines::{CreateBaseline, ListBaselines};
pub use batch::CreateBatch;
pub use candidates::ListCandidates;
pub use conflicts::{ListConflicts, ResolveConflict};
pub use context::BuildContext;
pub use decisions::{InvalidateEntity, PromoteEntity, RejectEntity, SupersedeEntity};
pub use diff::{CompareTimes, TimeComparison};
pub use entities::{CreateEntity, GetEntity};
pub use entity_updates::UpdateEntity;
pub use graduations::{GraduateMemory, ListGraduations};
pub use handoffs::{AcceptHandoff, RecordHandoff};
pub use history::{GetEntityAudit, GetHistory};
pub use interactions::RecordInteraction;
pub use link_reviews::ReviewLink;
pub use memories::{CreateMemory, ReviewMemory, UpdateMemory};
pub use merges::{MergeEntities, MergeMemories};
pub use ontology::DescribeOntology;
pub use project_names::{MergeProjects, RemoveProjectAlias, RenameProject};
pub use projects::{ListProjects, RegisterProject, SetProjectState};
pub use queries::QueryProject;
pub use redact::Redact;
pub use relationships::CreateRelationship;
pub use review::{Promote, Reject};
pub use review_candidates::ReviewCandidates;
pub use row_lists::ListRows;
pub use search::Search;
pub use sources::{IngestSource, ingest_paths};
pub use status::GetStatus;
pub use undo::UndoOperation;
pub use undo_since::UndoSince;

use super::operation::RegisteredOperation;
use crate::model::Ontology;

/// Returns all operations, in the order of the tool list.
pub fn list_operations(ontology: &Ontology) -> Vec<RegisteredOperation> {
    let table = vec![
        RegisteredOperation::write::<CreateEntity>(),
        RegisteredOperation::write::<UpdateEntity>(),
        RegisteredOperation::read::<GetEntity>(),
        RegisteredOperation::read::<GetEntityAudit>(),
        RegisteredOperation::write::<PromoteEntity>(),
        RegisteredOperation::write::<RejectEntity>(),
        RegisteredOperation::write::<SupersedeEntity>(),
        RegisteredOperation::write::<InvalidateEntity>(),
        RegisteredOperation::write::<MergeEntities>(),
        RegisteredOperation::write::<MergeMemories>(),
        RegisteredOperation::write::<CreateRelationship>(),
        RegisteredOperation::write::<ReviewLink>(),
        RegisteredOperation::write::<CreateMemory>(),
        RegisteredOperation::write::<ReviewMemory>(),
        RegisteredOperation::write::<GraduateMemory>(),
        RegisteredOperation::write::<UpdateMemory>(),
        RegisteredOperation::read::<ListCandidates>(),
        RegisteredOperation::write::<ReviewCandidates>(),
        RegisteredOperation::write::<CreateBatch>(),
        RegisteredOperation::write::<UndoOperation>(),
        RegisteredOperation::write::<UndoSince>(),
        RegisteredOperation::read::<ListRows>(),
        RegisteredOperation::read::<GetRow>(),
        RegisteredOperation::read::<Search>(),
        RegisteredOperation::read::<BuildContext>(),
        RegisteredOperation::read::<QueryProject>(),
        RegisteredOperation::read::<ListConflicts>(),
        RegisteredOperation::write::<ResolveConflict>(),
        RegisteredOperation::read::<ListProjects>(),
        RegisteredOperation::write::<RegisterProject>(),
        RegisteredOperation::write::<RenameProject>(),
        RegisteredOperation::write::<MergeProjects>(),
        RegisteredOperation::write::<RemoveProjectAlias>(),
        RegisteredOperation::write::<SetProjectState>(),
        RegisteredOperation::write::<RecordInteraction>(),
        RegisteredOperation::write::<RecordHandoff>(),
        RegisteredOperation::write::<AcceptHandoff>(),
        RegisteredOperation::stepped::<CreateBaseline>(),
        RegisteredOperation::read::<ListBaselines>(),
        RegisteredOperation::read::<CompareTimes>(),
        RegisteredOperation::stepped::<IngestSource>(),
        RegisteredOperation::stepped::<Redact>(),
        RegisteredOperation::read::<DescribeOntology>(),
        RegisteredOperation::write::<Promote>(),
        RegisteredOperation::write::<Reject>(),
        RegisteredOperation::read::<GetHistory>(),
        RegisteredOperation::read::<ListAudit>(),
        RegisteredOperation::read::<ListGraduations>(),
        RegisteredOperation::read::<GetStatus>(),
    ];
    table.into_iter().map(|operation| operation.name_types(ontology)).collect()
}
