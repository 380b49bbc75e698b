//! A call from end to end: done at once, or done after a person said yes.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;
use serde_json::{Map, Value};

use super::ask::{Asked, Outcome, Person, answer_of};
use super::gate::{Approval, Called};
use crate::mcp::rights::Promotion;
use crate::mcp::room::Share;
use crate::mcp::server::{Server, client_name};
use crate::mcp::tool::Tool;
use crate::model::{Error, Result, canonical};
use crate::store::audit::digest;

impl Server {
    /// Calls the tool. What needs a person is put before them, and the call is made again with
    /// their approval: with the same arguments, so that it does the same or nothing.
    pub(in crate::mcp) async fn converse(
        &self,
        tool: &Tool,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome> {
        let client = context.client_info().map(|info| info.name);
        let client = client.as_deref();
        let arguments = request.arguments.unwrap_or_default();
        if self.rights.promotion != Promotion::Ask {
            return match self.call(tool, arguments, client, None).await? {
                Called::Done(reply) => Ok(Outcome::Reply(reply)),
                Called::Asks(question) => Err(question.unasked("this server does not ask")),
            };
        }
        let name = client_name(client);
        let person = Person::behind(context, &name);
        let answer = answer_of(request.input_responses, request.request_state)?;
        let answered = answer.map(|(answer, state)| {
            let call = call_digest(tool, &arguments);
            let seal = self.desk.take(self.bridge.settings(), &state, &call)?;
            Ok(Approval { seal, by: person.approves(answer)? })
        });
        let (approval, refused) = match answered.transpose() {
            Ok(approval) => (approval, None),
            // Done all the same if it needs nobody: as when its reply was lost and it comes again.
            Err(refused @ Error::Invalid { .. }) => (None, Some(refused)),
            Err(error) => return Err(error),
        };
        let question = match self.call(tool, arguments.clone(), client, approval).await? {
            Called::Done(reply) => return Ok(Outcome::Reply(reply)),
            Called::Asks(question) => question,
        };
        if let Some(refused) = refused {
            return Err(refused);
        }
        let keep = || {
            let call = call_digest(tool, &arguments);
            self.desk.keep(self.bridge.settings(), call, question.seal.clone())
        };
        let _place = self.desk.place(&Value::Object(arguments.clone()).to_string())?;
        // Else the room of calls that wait for an answer could keep the answer from being read.
        if let Some(share) = context.extensions.get::<Arc<Share>>() {
            share.let_go();
        }
        match person.ask(&question, self.ended.clone(), keep).await? {
            Asked::Input(required) => Ok(Outcome::Input(required)),
            Asked::Approved(approval) => {
                match self.call(tool, arguments, client, Some(approval)).await? {
                    Called::Done(reply) => Ok(Outcome::Reply(reply)),
                    Called::Asks(_) => Err(Error::Overtaken),
                }
            }
        }
    }
}

/// What makes a call the same call again.
fn call_digest(tool: &Tool, arguments: &Map<String, Value>) -> String {
    let arguments = Value::Object(canonical::sorted_map(arguments));
    digest(&format!("{} {arguments}", tool.about.name))
}
