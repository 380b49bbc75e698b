//! The options of commands that read: the time and the form of the answer.

use clap::Args;
use serde_json::{Map, Value};

/// Options of every command that prints an answer.
#[derive(Args, Default)]
pub struct OutputFlags {
    /// Print the structured answer as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of every command that reads.
#[derive(Args, Default)]
pub struct ReadFlags {
    /// Read the store as it was: an instant, a date (its end in UTC), the handle of an operation (o…) or a baseline
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub as_of: Option<String>,
    #[command(flatten)]
    pub output: OutputFlags,
}

/// Refuses a blank time, such as that of a variable that is not set: the answer would be of now.
pub fn parse_time(given: &str) -> std::result::Result<String, String> {
    match given.trim() {
        "" => Err("it is blank; give a time, or leave the option out".to_owned()),
        given => Ok(given.to_owned()),
    }
}

impl ReadFlags {
    /// Returns the arguments as an object, with these options.
    pub fn add_to(&self, arguments: Value) -> Map<String, Value> {
        let mut arguments = into_object(arguments);
        if let Some(as_of) = &self.as_of {
            arguments.insert("as_of".to_owned(), as_of.as_str().into());
        }
        arguments
    }
}

pub fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            fields
        }
        _ => Map::new(),
    }
}
