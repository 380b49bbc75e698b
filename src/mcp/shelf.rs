//! The tools of a server: those that a client may call, and all of them as what resources and
//! prompts read with, so that there is one way to show a row.

use serde_json::{Map, Value};

use super::rights::Rights;
use super::tool::{Job, ReadJob, Tool};
use crate::model::{Error, Result};

pub struct Shelf {
    /// What a client may call.
    pub on: Vec<Tool>,
    pub off: Vec<Tool>,
    /// The project of calls that name none.
    pub default_project: Option<String>,
    pub rights: Rights,
}

impl Shelf {
    /// The tool that a client may call by this name.
    pub fn callable(&self, name: &str) -> Option<&Tool> {
        self.on.iter().find(|tool| tool.about.name == name)
    }

    /// What a tool reads with these arguments, whether a client may call it or not.
    pub fn reading(&self, name: &str, arguments: Value) -> Result<ReadJob> {
        let tool = self.on.iter().chain(&self.off).find(|tool| tool.about.name == name);
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        match tool.map(|tool| tool.prepare(arguments, self.default_project.as_deref())) {
            Some(Ok(Job::Read(job))) => Ok(job),
            Some(Err(error)) => Err(error),
            Some(Ok(Job::Write(_))) | None => Err(Error::Internal(format!("{name} does not read"))),
        }
    }
}
