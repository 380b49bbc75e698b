//! A visit of the page: reads and writes with the principal's rights, and renders the page around them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::form::Form;
use crate::app::approval::{CallOutcome, Consent};
use crate::http::principal::Principal;
use crate::http::problem::Problem;
use crate::http::session::WebSession;
use crate::http::state::WebState;
use crate::model::{Error, Role, SubjectKind};

/// The result of a handler of the page.
pub type PageResult = Result<Response, Problem>;

/// A request to the page, with its fields.
pub struct PageVisit {
    pub state: Arc<WebState>,
    pub principal: Principal,
    /// The fields of the query, or of the form.
    pub fields: Form,
}

impl PageVisit {
    pub fn reading(state: Arc<WebState>, principal: Principal, uri: &Uri) -> Self {
        Self { state, principal, fields: Form::parse(uri.query().unwrap_or_default()) }
    }

    /// Reads a form, and refuses one that is not from a page of this session.
    pub fn posting(
        state: Arc<WebState>,
        principal: Principal,
        body: &Bytes,
    ) -> Result<Self, Problem> {
        let fields = Form::parse(&String::from_utf8_lossy(body));
        let visit = Self { state, principal, fields };
        let Some(session) = visit.session() else {
            return Err(visit.principal.refuse(Role::Review));
        };
        if session.form_key != visit.fields.text("form_key") {
            let hint = "Reload the page, and send the form again.";
            let detail = "the form is not from a page of this session";
            return Err(Problem::new(StatusCode::FORBIDDEN, "refused", detail, hint));
        }
        Ok(visit)
    }

    /// Returns the session of the person; with `--open` all callers share one.
    pub fn session(&self) -> Option<&WebSession> {
        self.principal.session().or(self.state.shared_session.as_deref())
    }

    pub fn may_decide(&self) -> bool {
        self.principal.role >= Role::Review && self.session().is_some()
    }

    /// Calls an operation with the principal's rights; returns its structured answer.
    pub async fn read(&self, name: &str, arguments: Value) -> Result<Value, Error> {
        let service = self.state.service_of(self.principal.role);
        let operation = service.registry.get(name);
        let missing = || Error::not_found(SubjectKind::ApiOperation, name);
        let operation = operation.ok_or_else(missing)?;
        let Value::Object(arguments) = arguments else { return Err(missing()) };
        let identity = &self.principal.identity;
        match service.call(operation, arguments, identity, Consent::NotAsked).await? {
            CallOutcome::Done(answer) => Ok(answer.structured),
            CallOutcome::Asks(question) => Err(question.unasked("the page does not ask")),
        }
    }
}

/// Sends the browser to another page after a form.
pub fn see_other(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}
