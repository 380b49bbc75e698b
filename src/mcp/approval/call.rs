//! Runs a tool call, with approval by a person where it is needed.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;
use serde_json::Value;

use super::elicitor::{ElicitationOutcome, Elicitor, ToolOutcome, answer_of};
use crate::app::approval::Promotion;
use crate::app::approval::{Approval, CallOutcome};
use crate::app::operation::RegisteredOperation;
use crate::app::service::client_name;
use crate::mcp::backpressure::InFlightPermit;
use crate::mcp::server::Server;
use crate::model::{Error, Result};
use crate::ops::record::idempotency::digest_call;

impl Server {
    /// Calls the tool. If a person has to approve, asks them and repeats the call with the approval
    /// and the same arguments; it then has the approved effect or none.
    pub(in crate::mcp) async fn call_with_approval(
        &self,
        operation: &RegisteredOperation,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<ToolOutcome> {
        let client = context.client_info().map(|info| info.name);
        let client = client.as_deref();
        let settings = self.service.store.settings();
        let arguments = request.arguments.unwrap_or_default();
        if self.service.registry.rights.promotion != Promotion::Ask {
            return match self.service.call(operation, arguments, client, None).await? {
                CallOutcome::Done(reply) => Ok(ToolOutcome::Answered(reply)),
                CallOutcome::Asks(question) => Err(question.unasked("this server does not ask")),
            };
        }
        let name = client_name(client);
        let person = Elicitor::new(context, &name);
        let answer = answer_of(request.input_responses, request.request_state)?;
        let answered = answer.map(|(answer, state)| {
            let call = digest_call(operation.about.name, &arguments);
            let fingerprint = self.pending.take(settings, &state, &call)?;
            Ok(Approval { fingerprint, by: person.approves(answer)? })
        });
        let (approval, refused) = match answered.transpose() {
            Ok(approval) => (approval, None),
            // Without the approval, the call still succeeds if it needs none: for example a retry
            // whose first answer was lost.
            Err(refused @ Error::Invalid { .. }) => (None, Some(refused)),
            Err(error) => return Err(error),
        };
        let called = self.service.call(operation, arguments.clone(), client, approval).await?;
        let question = match called {
            CallOutcome::Done(reply) => return Ok(ToolOutcome::Answered(reply)),
            CallOutcome::Asks(question) => question,
        };
        if let Some(refused) = refused {
            return Err(refused);
        }
        let keep = || {
            let call = digest_call(operation.about.name, &arguments);
            self.pending.keep(settings, call, question.fingerprint.clone())
        };
        let _place = self.pending.place(&Value::Object(arguments.clone()).to_string())?;
        // Releases the permit while the person decides. Otherwise pending calls could fill the
        // in-flight limit, and the person's answer would never be read.
        if let Some(share) = context.extensions.get::<Arc<InFlightPermit>>() {
            share.let_go();
        }
        match person.ask(&question, self.ended.clone(), keep).await? {
            ElicitationOutcome::Input(required) => Ok(ToolOutcome::Input(required)),
            ElicitationOutcome::Approved(approval) => {
                match self.service.call(operation, arguments, client, Some(approval)).await? {
                    CallOutcome::Done(reply) => Ok(ToolOutcome::Answered(reply)),
                    CallOutcome::Asks(_) => Err(Error::Overtaken),
                }
            }
        }
    }
}
