//! The page for people.

use std::sync::Arc;

use axum::Router;

use super::state::WebState;

pub fn build_router() -> Router<Arc<WebState>> {
    Router::new()
}
