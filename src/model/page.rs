//! Pages: every list is bounded, says how much there is, and says how to go on.

use super::error::{Error, Result};

pub const DEFAULT_LIMIT: u32 = 20;
pub const MAX_LIMIT: u32 = 200;

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: usize,
    /// The sort keys of the last row already seen.
    pub after: Option<Vec<String>>,
    list: &'static str,
}

impl PageRequest {
    /// Checks `limit`, and that `cursor` came from the same list.
    pub fn new(list: &'static str, limit: Option<u32>, cursor: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid(
                "limit",
                format!("{limit} is out of range"),
                format!("Give a number from 1 to {MAX_LIMIT}; the cursor of the answer goes on."),
            ));
        }
        let after = cursor.map(|cursor| decode(list, cursor)).transpose()?;
        Ok(Self { limit: limit as usize, after, list })
    }

    /// One more than the limit: the extra row tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// The key at `index` of the row to go on after, or what sorts before everything.
    pub fn after_text(&self, index: usize) -> &str {
        self.after.as_ref().and_then(|keys| keys.get(index)).map_or("", String::as_str)
    }

    pub fn after_number(&self) -> i64 {
        self.after_text(0).parse().unwrap_or(0)
    }

    /// Makes the page from rows fetched with [`PageRequest::fetch`].
    pub fn page<T>(
        &self,
        mut items: Vec<T>,
        total: i64,
        keys: impl Fn(&T) -> Vec<String>,
    ) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let cursors: Vec<String> =
            items.iter().map(|item| encode(self.list, &keys(item))).collect();
        let next_cursor = if more { cursors.last().cloned() } else { None };
        Page { items, cursors, total, next_cursor }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// For each item, the cursor that goes on after it: where an answer must be cut short.
    pub cursors: Vec<String>,
    pub total: i64,
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    pub fn map<U>(self, mut f: impl FnMut(T) -> Result<U>) -> Result<Page<U>> {
        let items = self.items.into_iter().map(&mut f).collect::<Result<Vec<U>>>()?;
        Ok(Page { items, cursors: self.cursors, total: self.total, next_cursor: self.next_cursor })
    }
}

const SEPARATOR: char = '|';

fn encode(list: &str, keys: &[String]) -> String {
    let mut cursor = list.to_owned();
    for key in keys {
        cursor.push(SEPARATOR);
        cursor.push_str(key);
    }
    cursor
}

fn decode(list: &str, cursor: &str) -> Result<Vec<String>> {
    let mut parts = cursor.split(SEPARATOR).map(str::to_owned);
    if parts.next().as_deref() == Some(list) {
        let keys: Vec<String> = parts.collect();
        if !keys.is_empty() {
            return Ok(keys);
        }
    }
    Err(Error::invalid(
        "cursor",
        format!("{cursor:?} is not a cursor of {list}"),
        "Pass next_cursor of the last answer unchanged, or leave cursor out to start again.",
    ))
}
