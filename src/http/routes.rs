//! The table of routes: each calls one operation.

use axum::http::Method;

use crate::model::handle::HandleKind;

/// A route of the API.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: Method,
    /// The path below `/v1`; it is also served without that prefix.
    pub path: &'static str,
    pub operation: &'static str,
    /// The argument in the path; empty if it has none.
    pub argument: &'static str,
    /// An argument that the route sets.
    pub fixed: Option<(&'static str, &'static str)>,
}

impl Route {
    /// Returns the kinds of rows that the path may name, for an operation that takes any.
    pub fn kinds(&self) -> &'static [HandleKind] {
        use HandleKind::{Chunk, Conflict, Document, Interaction, Memory, Relationship, Revision};
        let folder = self.path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match (self.argument, folder) {
            ("id", "memories") => &[Memory],
            ("id", "relationships") => &[Relationship],
            ("id", "revisions") => &[Revision],
            ("id", "conflicts") => &[Conflict],
            ("id", "interactions") => &[Interaction],
            ("id", "sources") => &[Document, Chunk],
            _ => &[],
        }
    }

    const fn new(method: Method, path: &'static str, operation: &'static str) -> Self {
        Self { method, path, operation, argument: "", fixed: None }
    }

    const fn of(mut self, argument: &'static str) -> Self {
        self.argument = argument;
        self
    }

    const fn with(mut self, argument: &'static str, value: &'static str) -> Self {
        self.fixed = Some((argument, value));
        self
    }
}

const fn route_get(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::GET, path, operation)
}

const fn route_post(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::POST, path, operation)
}

const fn route_patch(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::PATCH, path, operation)
}

const fn route_put(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::PUT, path, operation)
}

/// The routes with a path of their own. Each operation also has `POST /call/{name}`.
pub const ROUTES: [Route; 64] = [
    route_get("/entities", "list_rows").with("kind", "entity"),
    route_post("/entities", "create_entity"),
    route_get("/entities/{ref}", "get_entity").of("entity_id"),
    route_patch("/entities/{ref}", "update_entity").of("entity_id"),
    route_post("/entities/{ref}/promote", "promote_entity").of("entity_id"),
    route_post("/entities/{ref}/reject", "reject_entity").of("entity_id"),
    route_post("/entities/{ref}/supersede", "supersede_entity").of("entity_id"),
    route_post("/entities/{ref}/invalidate", "invalidate_entity").of("entity_id"),
    route_post("/entities/{ref}/merge", "merge_entities").of("entity_id"),
    route_post("/memories/{ref}/merge", "merge_memories").of("memory_id"),
    route_get("/entities/{ref}/audit", "get_entity_audit").of("entity_id"),
    route_get("/memories", "list_rows").with("kind", "memory"),
    route_post("/memories", "create_memory"),
    route_get("/memories/{ref}", "get_row").of("id"),
    route_patch("/memories/{ref}", "update_memory").of("memory_id"),
    route_post("/memories/{ref}/promote", "review_memory")
        .of("memory_id")
        .with("action", "promote"),
    route_post("/memories/{ref}/reject", "review_memory").of("memory_id").with("action", "reject"),
    route_post("/memories/{ref}/supersede", "review_memory")
        .of("memory_id")
        .with("action", "supersede"),
    route_post("/memories/{ref}/invalidate", "review_memory")
        .of("memory_id")
        .with("action", "invalidate"),
    route_post("/memories/{ref}/graduate", "graduate_memory").of("memory_id"),
    route_get("/memories/{ref}/audit", "get_history").of("id"),
    route_post("/relationships", "create_relationship"),
    route_get("/relationships/{ref}", "get_row").of("id"),
    route_post("/relationships/{ref}/promote", "promote").of("id"),
    route_post("/relationships/{ref}/reject", "reject").of("id"),
    route_post("/relationships/review", "review_link"),
    route_get("/relationships/{ref}/audit", "get_history").of("id"),
    route_post("/batch", "create_batch"),
    route_get("/candidates", "list_candidates"),
    route_post("/candidates/review", "review_candidates"),
    route_post("/candidates/{ref}/promote", "promote").of("id"),
    route_post("/candidates/{ref}/reject", "reject").of("id"),
    route_get("/revisions", "list_candidates").with("kind", "revision"),
    route_get("/revisions/{ref}", "get_row").of("id"),
    route_post("/revisions/{ref}/promote", "promote").of("id"),
    route_post("/revisions/{ref}/reject", "reject").of("id"),
    route_get("/conflicts", "list_conflicts"),
    route_get("/conflicts/{ref}", "get_row").of("id"),
    route_post("/conflicts/{ref}/resolve", "resolve_conflict").of("conflict_id"),
    route_get("/projects", "list_projects"),
    route_post("/projects", "register_project"),
    route_post("/projects/{ref}/rename", "rename_project").of("name"),
    route_post("/projects/{ref}/merge", "merge_projects").of("name"),
    route_post("/projects/{ref}/remove-alias", "remove_project_alias").of("name"),
    route_put("/state", "set_project_state"),
    route_get("/rows/{ref}", "get_row").of("id"),
    route_get("/rows/{ref}/audit", "get_history").of("id"),
    route_get("/search", "search"),
    route_get("/context", "build_context"),
    route_get("/questions/{ref}", "query_project").of("question"),
    route_post("/interactions", "record_interaction"),
    route_get("/interactions/{ref}", "get_row").of("id"),
    route_post("/handoffs", "record_handoff"),
    route_post("/handoffs/{ref}/accept", "accept_handoff").of("interaction_id"),
    route_post("/sources", "ingest_source"),
    route_get("/sources/{ref}", "get_row").of("id"),
    route_post("/operations/{ref}/undo", "undo").of("operation"),
    route_post("/undo", "undo_since"),
    route_post("/redactions", "redact"),
    route_get("/baselines", "list_baselines"),
    route_post("/baselines", "create_baseline"),
    route_get("/diff", "diff"),
    route_get("/audit", "list_audit"),
    route_get("/ontology", "describe_ontology"),
];
