//! Runs a tool call, with approval by a person where it is needed.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;
use serde_json::{Map, Value};

use super::elicitor::{ElicitationOutcome, Elicitor, PersonAnswer, ToolOutcome, answer_of};
use crate::app::approval::{Approval, ApprovalQuestion, CallOutcome, Consent, Promotion};
use crate::app::operation::RegisteredOperation;
use crate::app::service::Identity;
use crate::mcp::backpressure::InFlightPermit;
use crate::mcp::context::identify_caller;
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
        let caller = &identify_caller(context);
        let settings = self.service.store.settings();
        let arguments = request.arguments.unwrap_or_default();
        if self.service.registry.rights.promotion != Promotion::Ask {
            return match self.service.call(operation, arguments, caller, Consent::NotAsked).await? {
                CallOutcome::Done(reply) => Ok(ToolOutcome::Answered(reply)),
                CallOutcome::Asks(question) => Err(question.unasked("this server does not ask")),
            };
        }
        let person = Elicitor::new(context, &caller.actor);
        let answer = answer_of(request.input_responses, request.request_state)?;
        let answered = answer.map(|(answer, state)| {
            let call = digest_call(operation.about.name, &arguments);
            let fingerprint = self.pending.take(settings, &state, &call)?;
            Ok((fingerprint, person.read_answer(answer)?))
        });
        let (consent, refused) = match answered.transpose() {
            Ok(None) => (Consent::NotAsked, None),
            Ok(Some((fingerprint, PersonAnswer::Approved(by)))) => {
                (Consent::Given(Approval { fingerprint, by }), None)
            }
            Ok(Some((_, PersonAnswer::Unanswered(why)))) => {
                return self.propose_instead(operation, arguments, caller, why).await;
            }
            // Without the approval, the call still succeeds if it needs none: for example a retry
            // whose first answer was lost.
            Err(refused @ Error::Invalid { .. }) => (Consent::NotAsked, Some(refused)),
            Err(error) => return Err(error),
        };
        let called = self.service.call(operation, arguments.clone(), caller, consent).await?;
        let question = match called {
            CallOutcome::Done(reply) => return Ok(ToolOutcome::Answered(reply)),
            CallOutcome::Asks(question) => question,
        };
        if let Some(refused) = refused {
            return Err(refused);
        }
        self.ask_person(&person, &question, operation, arguments, context).await
    }

    /// Asks the person, and repeats the call with their answer.
    async fn ask_person(
        &self,
        person: &Elicitor<'_>,
        question: &ApprovalQuestion,
        operation: &RegisteredOperation,
        arguments: Map<String, Value>,
        context: &RequestContext<RoleServer>,
    ) -> Result<ToolOutcome> {
        let caller = &identify_caller(context);
        let settings = self.service.store.settings();
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
        match person.ask(question, self.ended.clone(), keep).await? {
            ElicitationOutcome::Input(required) => Ok(ToolOutcome::Input(required)),
            ElicitationOutcome::Unanswered(why) => {
                self.propose_instead(operation, arguments, caller, why).await
            }
            ElicitationOutcome::Approved(approval) => {
                let consent = Consent::Given(approval);
                match self.service.call(operation, arguments, caller, consent).await? {
                    CallOutcome::Done(reply) => Ok(ToolOutcome::Answered(reply)),
                    CallOutcome::Asks(_) => Err(Error::Overtaken),
                }
            }
        }
    }

    /// Repeats a call about which the person gave no answer: the change of an approved row is
    /// proposed. Where it cannot be, the error says why there was no answer.
    async fn propose_instead(
        &self,
        operation: &RegisteredOperation,
        arguments: Map<String, Value>,
        caller: &Identity,
        unanswered: Error,
    ) -> Result<ToolOutcome> {
        match self.service.call(operation, arguments, caller, Consent::Missing).await {
            Ok(CallOutcome::Done(reply)) => Ok(ToolOutcome::Answered(reply)),
            Ok(CallOutcome::Asks(_)) | Err(Error::Refused { .. }) => Err(unanswered),
            Err(error) => Err(error),
        }
    }
}
