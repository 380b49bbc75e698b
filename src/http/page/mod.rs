//! The page for people: HTML from the server, which works without JavaScript. Its data are answers of
//! operations, as programs get them.

mod assets;
mod audit;
mod conflicts;
mod decide;
mod drawing;
mod fields;
mod filters;
pub mod form;
mod graph;
mod inbox;
mod layout;
mod login;
mod matrix;
mod project;
mod queue;
mod row;
mod rows;
mod search;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::state::WebState;

/// Returns the routes of the page.
pub fn build_router() -> Router<Arc<WebState>> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/ui/inbox") }))
        .route("/login", get(login::show_login).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .route("/assets/style.css", get(assets::serve_style))
        .route("/assets/page.js", get(assets::serve_script))
        .route("/assets/icon.svg", get(assets::serve_icon))
        .route("/ui/inbox", get(inbox::show_inbox))
        .route("/ui/decide", post(decide::decide_row))
        .route("/ui/decide-many", post(decide::decide_many))
        .route("/ui/undo", post(decide::undo_last))
        .route("/ui/conflicts", get(conflicts::show_conflicts))
        .route("/ui/resolve", post(conflicts::resolve_conflict))
        .route("/ui/project", get(project::show_project))
        .route("/ui/matrix", get(matrix::show_matrix))
        .route("/ui/search", get(search::show_search))
        .route("/ui/graph", get(graph::show_graph))
        .route("/ui/audit", get(audit::show_audit))
        .route("/ui/row/{ref}", get(row::show_row))
}
