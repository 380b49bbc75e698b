//! Builds the text of an answer: lines, truncated lists and a page.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::Page;
use crate::model::text::one_line;

/// Maximum rows shown of a list without pages.
pub const MAX_LISTED: usize = 20;

/// The total of a list and the cursor of the next page.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Paging {
    pub total: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The cursor after each row.
    #[serde(skip)]
    pub cursors: Vec<String>,
}

impl Paging {
    /// Splits a page into its rows and its paging.
    pub fn split<T>(page: Page<T>) -> (Vec<T>, Self) {
        let Page { items, cursors, total, next_cursor } = page;
        (items, Self { total, next_cursor, cursors })
    }

    pub fn none() -> Self {
        Self { total: 0, next_cursor: None, cursors: Vec::new() }
    }
}

/// The lines of an answer.
#[derive(Debug, Default)]
pub struct Text {
    pub lines: Vec<String>,
    /// The number of omitted rows, by the name of the list.
    pub left_out: Map<String, Value>,
    pub page: Option<PageText>,
}

/// The rows of a page as lines.
#[derive(Debug)]
pub struct PageText {
    /// The name of the field with the rows.
    pub key: &'static str,
    pub rows: Vec<Vec<String>>,
    pub paging: Paging,
}

impl Text {
    /// Adds one line; line breaks in it are escaped.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.lines.push(one_line(line.as_ref()).into_owned());
    }

    pub fn lines(&mut self, lines: impl IntoIterator<Item = impl AsRef<str>>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// Adds the first rows of a list without pages, and counts the others.
    pub fn list<T, L: IntoIterator<Item = String>>(
        &mut self,
        key: &str,
        rows: &[T],
        show: impl Fn(&T) -> L,
    ) {
        rows.iter().take(MAX_LISTED).for_each(|row| self.lines(show(row)));
        if rows.len() > MAX_LISTED {
            self.left_out.insert(key.to_owned(), Value::from(rows.len() - MAX_LISTED));
        }
    }

    /// Adds the rows of a page.
    pub fn page<T>(
        &mut self,
        key: &'static str,
        rows: &[T],
        paging: &Paging,
        show: impl Fn(&T) -> Vec<String>,
    ) {
        let shown = |row: &T| show(row).iter().map(|line| one_line(line).into_owned()).collect();
        let rows = rows.iter().map(shown).collect();
        self.page = Some(PageText { key, rows, paging: paging.clone() });
    }
}
