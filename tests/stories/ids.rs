//! Short forms of ids in stories: `@name` of a row that the story named, `#1.a` of the tenth id that
//! the first process made.

use std::cmp::Reverse;
use std::fmt::Write;

use rusqlite::Connection;
use serde_json::Value;

/// A row that the story named.
struct NamedRow {
    /// With its `@`.
    name: String,
    /// The id as the answer showed it, which the program must accept.
    shown: String,
    uuid: String,
    handle: Option<String>,
}

/// The rows that a story named, the longest names first, so that no name is found inside another.
#[derive(Default)]
pub struct NamedRows(Vec<NamedRow>);

impl NamedRows {
    /// Names the row that an answer is about, or the first item of a list, and its operation with
    /// `:op` at the end. A row that has a name keeps it.
    pub fn add(&mut self, name: &str, answer: &Value, file: &Connection) {
        let operation = answer["operation"].as_str();
        let shown = find_shown_id(answer).or(operation);
        let shown = shown.unwrap_or_else(|| panic!("{name} names nothing in {answer}")).to_owned();
        if operation.is_none() || !self.0.iter().any(|row| row.shown == shown) {
            let (uuid, handle) = match find_stored_ids(file, &shown).expect("a look at the file") {
                Some((uuid, handle)) => (uuid, handle),
                None => (shown.clone(), None),
            };
            self.0.push(NamedRow { name: name.to_owned(), shown, uuid, handle });
        }
        if let Some(operation) = operation {
            let (shown, uuid) = (operation.to_owned(), operation.to_owned());
            self.0.push(NamedRow { name: format!("{name}:op"), shown, uuid, handle: None });
        }
        self.0.sort_by_key(|row| Reverse(row.name.len()));
    }

    /// Replaces ids by their names, or else by numbers.
    pub fn shorten(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for row in &self.0 {
            for id in [Some(&row.uuid), row.handle.as_ref(), Some(&row.shown)].into_iter().flatten()
            {
                text = replace_word(&text, id, &row.name);
            }
        }
        number_uuids(&text)
    }

    /// Replaces names by the ids that the answers showed.
    pub fn expand(&self, text: &str) -> String {
        self.expand_by(text, |row| &row.shown)
    }

    /// Replaces names by the ids that the file holds.
    pub fn expand_for_sql(&self, sql: &str) -> String {
        self.expand_by(sql, |row| &row.uuid)
    }

    fn expand_by(&self, text: &str, id: impl Fn(&NamedRow) -> &str) -> String {
        let mut text = text.to_owned();
        for row in &self.0 {
            text = replace_word(&text, &row.name, id(row));
        }
        expand_numbers(&text)
    }
}

/// Whether a word is the handle of a row.
pub fn is_handle(file: &Connection, word: &str) -> bool {
    let stored = find_stored_ids(file, word).expect("a look at the file");
    stored.is_some_and(|(_, handle)| handle.is_some_and(|handle| handle == word))
}

fn find_shown_id(answer: &Value) -> Option<&str> {
    const ROWS: [&str; 8] = [
        "revision",
        "entity",
        "memory",
        "relationship",
        "project",
        "project_state",
        "conflict",
        "interaction",
    ];
    let found = ROWS.iter().find_map(|row| answer[*row][format!("{row}_id")].as_str());
    let first = &answer["items"][0];
    let listed = ROWS.iter().find_map(|row| first[format!("{row}_id")].as_str());
    found.or(answer["interaction_id"].as_str()).or(listed)
}

/// The UUID and the handle of the row that has the given id in either form, if any table with
/// handles has it.
fn find_stored_ids(
    file: &Connection,
    id: &str,
) -> rusqlite::Result<Option<(String, Option<String>)>> {
    let mut tables = file.prepare(
        "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.name IN ('id', 'handle') GROUP BY t.name HAVING count(*) = 2",
    )?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let sql = format!("SELECT id, handle FROM {table} WHERE id = ?1 OR handle = ?1");
        let mut rows = file.prepare(&sql)?;
        if let Some(row) = rows.query([id])?.next()? {
            return Ok(Some((row.get(0)?, row.get(1)?)));
        }
    }
    Ok(None)
}

/// Replaces a word where no letter, digit or underscore precedes or follows it.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        written.push_str(before);
        let inside = is_part(written.chars().next_back()) || is_part(after.chars().next());
        written.push_str(if inside { word } else { by });
        rest = after;
    }
    written + rest
}

const PREFIX: &str = "00000000-0000-7000-8000-";

/// Replaces UUIDs of the fixed source by numbers.
fn number_uuids(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(12);
        let number = u64::from_str_radix(digits, 16).expect("an id");
        let _ = write!(written, "#{:x}.{:x}{rest}", number >> 24, number & 0xff_ffff);
    }
    written
}

/// Replaces numbers by the UUIDs of the fixed source.
fn expand_numbers(text: &str) -> String {
    let mut parts = text.split('#');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
        let seed = digits(part);
        let number = part[seed..].strip_prefix('.').map(|rest| (&rest[..digits(rest)], rest));
        match (u64::from_str_radix(&part[..seed], 16), number) {
            (Ok(seed), Some((number, rest))) if !number.is_empty() => {
                let value = (seed << 24) | u64::from_str_radix(number, 16).expect("a number");
                let _ = write!(written, "{PREFIX}{value:012x}{}", &rest[number.len()..]);
            }
            _ => {
                let _ = write!(written, "#{part}");
            }
        }
    }
    written
}
