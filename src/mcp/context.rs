//! What the transports attach to a request: its caller, and what was lost in parsing.

use axum::http::request::Parts;
use rmcp::RoleServer;
use rmcp::service::RequestContext;

use crate::app::service::Identity;
use crate::model::json_loss::JsonLoss;

/// Returns the caller: the client as it introduces itself and, over HTTP, whom the server let in.
pub fn identify_caller(context: &RequestContext<RoleServer>) -> Identity {
    let info = context.client_info();
    let (name, version) = info.map(|info| (info.name, info.version)).unwrap_or_default();
    let client = Identity::of_client(&name, &version);
    match find_attached::<Identity>(context) {
        None => client,
        Some(known) => known.through(client),
    }
}

/// Returns the first part of a call's arguments that parsing dropped or changed.
pub fn find_lost_part(context: &RequestContext<RoleServer>) -> Option<&JsonLoss> {
    find_attached(context)
}

/// Returns what is attached to the message, or to the HTTP request that it came with.
fn find_attached<T: Send + Sync + 'static>(context: &RequestContext<RoleServer>) -> Option<&T> {
    let message = &context.extensions;
    message.get::<T>().or_else(|| message.get::<Parts>()?.extensions.get::<T>())
}
