//! Elicitation: checks that the client supports it, asks the person and parses the answer.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    BooleanSchema, ClientResult, ElicitRequest, ElicitRequestParams, ElicitResult,
    ElicitationAction, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult,
    InputResponses, PrimitiveSchemaDefinition, ProtocolVersion, ServerRequest, StringSchema,
};
use rmcp::service::{PeerRequestOptions, RequestContext, ServiceError};
use serde_json::Value;
use tokio::sync::watch;

use super::pending::PATIENCE;
use crate::app::answer::Answer;
use crate::app::approval::{Approval, ApprovalQuestion};
use crate::model::text::{abridge_message, quote_text};
use crate::model::{Error, Result};
use crate::ops::record::validate;

/// The outcome of a tool call.
pub enum ToolOutcome {
    Answered(Answer),
    /// The client has to ask the person and repeat the call with the answer.
    Input(InputRequiredResult),
}

/// The outcome of an elicitation.
pub enum ElicitationOutcome {
    Approved(Approval),
    /// The person was not asked, or did not answer.
    Unanswered(Error),
    /// The answer arrives with the repeated call.
    Input(InputRequiredResult),
}

/// What the person answered.
pub enum PersonAnswer {
    /// Yes, with the approval sentence for the audit.
    Approved(String),
    /// Neither yes nor no.
    Unanswered(Error),
}

/// The key of the question in `inputRequests` and `inputResponses`.
const KEY: &str = "approval";
const NOTHING: &str = "Nothing was changed; ask again later.";

/// The mechanism that delivers the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElicitationForm {
    /// As an `elicitation/create` request to the client.
    Request,
    /// As the result of the call (since protocol 2026-07-28).
    Result,
}

/// Asks the person at the client of a call.
pub struct Elicitor<'c> {
    context: &'c RequestContext<RoleServer>,
    client: &'c str,
}

impl<'c> Elicitor<'c> {
    pub fn new(context: &'c RequestContext<RoleServer>, client: &'c str) -> Self {
        Self { context, client }
    }

    /// Returns the delivery mechanism; `None` if the client does not support form elicitation.
    fn elicitation_form(&self) -> Option<ElicitationForm> {
        let version = self.context.protocol_version()?;
        let elicitation = self.context.client_capabilities()?.elicitation?;
        let forms = elicitation.form.is_some() || elicitation.url.is_none();
        let form = if version >= ProtocolVersion::V_2026_07_28 {
            ElicitationForm::Result
        } else {
            ElicitationForm::Request
        };
        (forms && version >= ProtocolVersion::V_2025_06_18).then_some(form)
    }

    /// Asks the question. If it is delivered as a result, `keep` stores it and returns its name,
    /// and the answer arrives with the repeated call.
    pub async fn ask(
        &self,
        question: &ApprovalQuestion,
        ended: watch::Receiver<bool>,
        keep: impl FnOnce() -> String,
    ) -> Result<ElicitationOutcome> {
        match self.elicitation_form() {
            None => Ok(ElicitationOutcome::Unanswered(
                question.unasked("the client cannot ask them: it has no elicitation"),
            )),
            Some(ElicitationForm::Result) => {
                let asked = InputRequest::Elicitation(ElicitRequest::new(build_form(question)?));
                let requests = InputRequests::from([(KEY.to_owned(), asked)]);
                Ok(ElicitationOutcome::Input(InputRequiredResult::new(
                    Some(requests),
                    Some(keep()),
                )))
            }
            Some(ElicitationForm::Request) => {
                let answer = match self.request(question, ended).await? {
                    Ok(answer) => self.read_answer(answer)?,
                    Err(unanswered) => PersonAnswer::Unanswered(unanswered),
                };
                Ok(match answer {
                    PersonAnswer::Unanswered(why) => ElicitationOutcome::Unanswered(why),
                    PersonAnswer::Approved(by) => {
                        let fingerprint = question.fingerprint.clone();
                        ElicitationOutcome::Approved(Approval { fingerprint, by })
                    }
                })
            }
        }
    }

    /// Sends the request and waits for the answer, cancellation, the end of input or the timeout.
    /// The inner error says why the person did not answer, though the call goes on.
    async fn request(
        &self,
        question: &ApprovalQuestion,
        mut ended: watch::Receiver<bool>,
    ) -> Result<Result<ElicitResult>> {
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(build_form(question)?));
        let patience = Duration::from_secs(PATIENCE.unsigned_abs());
        let options = PeerRequestOptions::no_options();
        let asked = self.context.peer.send_request_with_option(request, options).await;
        let mut asked = match asked {
            Ok(asked) => asked,
            Err(error) => return Ok(Err(no_answer(&error))),
        };
        let (why, goes_on) = tokio::select! {
            biased;
            answer = &mut asked.rx => return Ok(match answer {
                Ok(Ok(ClientResult::ElicitResult(answer))) => Ok(answer),
                Ok(Ok(_)) => Err(declined_error("the client's answer to the question cannot be read", NOTHING)),
                Ok(Err(error)) => Err(no_answer(&error)),
                Err(_) => Err(no_answer(&ServiceError::TransportClosed)),
            }),
            () = self.context.ct.cancelled() => ("the call was cancelled before the person answered", false),
            _ = ended.wait_for(|ended| *ended) => ("the client went away before the person answered", false),
            () = tokio::time::sleep(patience) => ("the person did not answer within an hour", true),
        };
        // Sent in the background: the call does not wait for the client to receive the
        // cancellation.
        tokio::spawn(asked.cancel(Some(why.to_owned())));
        let unanswered = declined_error(why, NOTHING);
        if goes_on { Ok(Err(unanswered)) } else { Err(unanswered) }
    }

    /// Reads the person's answer. Only an explicit yes approves; a no is an error.
    pub fn read_answer(&self, answer: ElicitResult) -> Result<PersonAnswer> {
        let content = answer.content.unwrap_or_default();
        let note = content["note"].as_str().unwrap_or_default().trim();
        validate::text_length("note", note)?;
        let said = if note.is_empty() {
            String::new()
        } else {
            format!(": {}", quote_text(note, usize::MAX))
        };
        match (answer.action, &content["approve"]) {
            (ElicitationAction::Accept, Value::Bool(true)) => {
                let client = quote_text(self.client, 80);
                Ok(PersonAnswer::Approved(format!("approved by the person through {client}{said}")))
            }
            (ElicitationAction::Accept, Value::Bool(false)) | (ElicitationAction::Decline, _) => {
                Err(declined_error(
                    format!("the person declined{said}"),
                    "Nothing was changed. Ask them what should be different before you try again.",
                ))
            }
            (ElicitationAction::Accept, _) => Ok(PersonAnswer::Unanswered(declined_error(
                "the answer says neither yes nor no in approve",
                NOTHING,
            ))),
            _ => Ok(PersonAnswer::Unanswered(declined_error(
                "the person closed the question without an answer",
                NOTHING,
            ))),
        }
    }
}

/// Returns the answer in a repeated call and the name of its question. Both must be present, or
/// neither.
pub fn answer_of(
    responses: Option<InputResponses>,
    state: Option<String>,
) -> Result<Option<(ElicitResult, String)>> {
    let (mut responses, state) = match (responses, state) {
        (None, None) => return Ok(None),
        (Some(responses), Some(state)) => (responses, state),
        (None, Some(_)) => return Err(incomplete_answer("inputResponses")),
        (Some(_), None) => return Err(incomplete_answer("requestState")),
    };
    let answer = responses.remove(KEY).ok_or_else(|| incomplete_answer("inputResponses"))?;
    let answer = serde_json::from_value(answer).map_err(|error| {
        let hint = "Give action (accept, decline or cancel), and content as the form asks.";
        Error::invalid("inputResponses", error.to_string(), hint)
    })?;
    Ok(Some((answer, state)))
}

fn incomplete_answer(field: &str) -> Error {
    Error::invalid(
        field,
        "the answer to the question is not complete",
        "Repeat the call with requestState and with inputResponses, which has the answer under approval.",
    )
}

fn declined_error(problem: impl Into<String>, hint: &str) -> Error {
    Error::Declined { problem: problem.into(), hint: hint.into() }
}

fn no_answer(error: &ServiceError) -> Error {
    let why = match error {
        ServiceError::McpError(error) => abridge_message(&error.message).into_owned(),
        other => other.to_string(),
    };
    declined_error(format!("the client did not ask the person: {why}"), NOTHING)
}

/// Builds the form: a yes/no field and a note.
fn build_form(question: &ApprovalQuestion) -> Result<ElicitRequestParams> {
    let approve = BooleanSchema::new().title("Approve").description("Do this");
    let note = StringSchema::new()
        .title("Note")
        .description("Why, for the record")
        .max_length(validate::MAX_TEXT as u32);
    let requested_schema = ElicitationSchema::builder()
        .required_property("approve", PrimitiveSchemaDefinition::Boolean(approve))
        .property("note", PrimitiveSchemaDefinition::String(note))
        .build()
        .map_err(|error| Error::Internal(error.to_owned()))?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.message.clone(),
        requested_schema,
    })
}
