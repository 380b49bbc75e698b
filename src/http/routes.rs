//! The table of routes: each calls one operation.

use axum::http::Method;

/// A route of the API.
#[derive(Debug, Clone)]
pub struct Route {
    pub method: Method,
    /// The path below `/v1`; it is also served without that prefix.
    pub path: &'static str,
    pub operation: &'static str,
    /// The argument that the braces of the path stand for; empty if it has none.
    pub argument: &'static str,
    /// An argument that the route sets.
    pub fixed: Option<(&'static str, &'static str)>,
}

impl Route {
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

const fn get(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::GET, path, operation)
}

const fn post(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::POST, path, operation)
}

const fn patch(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::PATCH, path, operation)
}

const fn put(path: &'static str, operation: &'static str) -> Route {
    Route::new(Method::PUT, path, operation)
}

/// The routes with a path of their own. Each operation also has `POST /call/{name}`.
pub const ROUTES: [Route; 54] = [
    get("/entities", "list_rows").with("kind", "entity"),
    post("/entities", "create_entity"),
    get("/entities/{ref}", "get_entity").of("entity_id"),
    patch("/entities/{ref}", "update_entity").of("entity_id"),
    post("/entities/{ref}/promote", "promote_entity").of("entity_id"),
    post("/entities/{ref}/reject", "reject_entity").of("entity_id"),
    post("/entities/{ref}/supersede", "supersede_entity").of("entity_id"),
    post("/entities/{ref}/invalidate", "invalidate_entity").of("entity_id"),
    get("/entities/{ref}/audit", "get_entity_audit").of("entity_id"),
    get("/memories", "list_rows").with("kind", "memory"),
    post("/memories", "create_memory"),
    get("/memories/{ref}", "get_row").of("id"),
    patch("/memories/{ref}", "update_memory").of("memory_id"),
    post("/memories/{ref}/promote", "review_memory").of("memory_id").with("action", "promote"),
    post("/memories/{ref}/reject", "review_memory").of("memory_id").with("action", "reject"),
    post("/memories/{ref}/supersede", "review_memory").of("memory_id").with("action", "supersede"),
    post("/memories/{ref}/invalidate", "review_memory")
        .of("memory_id")
        .with("action", "invalidate"),
    post("/memories/{ref}/graduate", "graduate_memory").of("memory_id"),
    get("/memories/{ref}/audit", "get_history").of("id"),
    post("/relationships", "create_relationship"),
    get("/relationships/{ref}", "get_row").of("id"),
    post("/relationships/{ref}/promote", "promote").of("id"),
    post("/relationships/{ref}/reject", "reject").of("id"),
    post("/relationships/review", "review_link"),
    get("/relationships/{ref}/audit", "get_history").of("id"),
    post("/batch", "create_batch"),
    get("/candidates", "list_candidates"),
    post("/candidates/review", "review_candidates"),
    post("/candidates/{ref}/promote", "promote").of("id"),
    post("/candidates/{ref}/reject", "reject").of("id"),
    get("/revisions", "list_candidates").with("kind", "revision"),
    get("/revisions/{ref}", "get_row").of("id"),
    post("/revisions/{ref}/promote", "promote").of("id"),
    post("/revisions/{ref}/reject", "reject").of("id"),
    get("/conflicts", "list_conflicts"),
    get("/conflicts/{ref}", "get_row").of("id"),
    post("/conflicts/{ref}/resolve", "resolve_conflict").of("conflict_id"),
    get("/projects", "list_projects"),
    post("/projects", "register_project"),
    post("/projects/{ref}/rename", "rename_project").of("name"),
    post("/projects/{ref}/merge", "merge_projects").of("name"),
    put("/state", "set_project_state"),
    get("/rows/{ref}", "get_row").of("id"),
    get("/rows/{ref}/audit", "get_history").of("id"),
    get("/search", "search"),
    get("/context", "build_context"),
    get("/questions/{ref}", "query_project").of("question"),
    post("/interactions", "record_interaction"),
    get("/interactions/{ref}", "get_row").of("id"),
    post("/sources", "ingest_source"),
    get("/sources/{ref}", "get_row").of("id"),
    post("/operations/{ref}/undo", "undo").of("operation"),
    post("/redactions", "redact"),
    get("/ontology", "describe_ontology"),
];
