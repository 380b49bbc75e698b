//! The operations that a front end offers.

use serde_json::{Map, Value};

use super::operation::{PreparedCall, RegisteredOperation, Surface};
use super::operations::list_operations;
use super::person_access::PersonAccess;
use super::rights::{Rights, Withheld};
use crate::model::{Error, Ontology, Result};

/// Which operations are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    #[default]
    Default,
    All,
    /// The default ones and these.
    With(Vec<String>),
    /// All operations, including those that are no tools, for the command line.
    Everything,
}

/// The operations of a front end. It can also read with those that it does not offer.
pub struct OperationRegistry {
    on: Vec<RegisteredOperation>,
    off: Vec<RegisteredOperation>,
    /// The project of calls that name none.
    pub default_project: Option<String>,
    pub rights: Rights,
    pub person_access: PersonAccess,
}

impl OperationRegistry {
    pub fn new(
        ontology: &Ontology,
        selection: &Selection,
        default_project: Option<String>,
        rights: Rights,
    ) -> Result<Self> {
        let all = list_operations(ontology);
        check_selection(&all, selection)?;
        let is_on = |operation: &RegisteredOperation| {
            is_selected(operation, selection) && rights.withholds(operation).is_none()
        };
        let (mut on, off): (Vec<_>, Vec<_>) = all.into_iter().partition(is_on);
        on.iter_mut().for_each(|operation| rights.narrow(operation));
        Ok(Self { on, off, default_project, rights, person_access: PersonAccess::default() })
    }

    pub fn with_person_access(self, person_access: PersonAccess) -> Self {
        Self { person_access, ..self }
    }

    pub fn operations(&self) -> &[RegisteredOperation] {
        &self.on
    }

    /// Returns the operation with this name if it is offered.
    pub fn get(&self, name: &str) -> Option<&RegisteredOperation> {
        self.on.iter().find(|operation| operation.about.name == name)
    }

    /// Returns why the rights withhold an operation; `None` if they do not.
    pub fn withheld(&self, name: &str) -> Option<Withheld> {
        let off = self.off.iter().find(|operation| operation.about.name == name);
        off.and_then(|operation| self.rights.withholds(operation))
    }

    /// Prepares a read with these arguments, even if the operation is not offered.
    pub fn prepare_read(&self, name: &str, arguments: Value) -> Result<PreparedCall> {
        let mut all = self.on.iter().chain(&self.off);
        let operation = all.find(|operation| operation.about.name == name);
        let operation =
            operation.ok_or_else(|| Error::Internal(format!("there is no operation {name}")))?;
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        match operation.prepare(arguments, self.default_project.as_deref())? {
            PreparedCall::Write(_) => Err(Error::Internal(format!("{name} does not read"))),
            read => Ok(read),
        }
    }
}

fn is_selected(operation: &RegisteredOperation, selection: &Selection) -> bool {
    let about = &operation.about;
    match (about.surface, selection) {
        (_, Selection::Everything) => true,
        (Surface::Command, _) => false,
        (Surface::Default, _) | (_, Selection::All) => true,
        (Surface::OnRequest, Selection::With(names)) => names.iter().any(|name| name == about.name),
        (Surface::OnRequest, Selection::Default) => false,
    }
}

/// Refuses a name that is not a tool's.
fn check_selection(all: &[RegisteredOperation], selection: &Selection) -> Result<()> {
    let Selection::With(names) = selection else { return Ok(()) };
    let tools = all.iter().filter(|operation| operation.about.surface != Surface::Command);
    let tools: Vec<&str> = tools.map(|operation| operation.about.name).collect();
    match names.iter().find(|name| !tools.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(Error::invalid(
            "--tools",
            format!("there is no tool {unknown:?}"),
            format!("Tools: all, {}.", tools.join(", ")),
        )),
    }
}
