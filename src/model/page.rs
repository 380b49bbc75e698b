//! Pagination: every list is bounded, and reports its total and the next cursor.

use super::error::{Error, Result};
use super::text::{is_hidden, percent_decoded};

pub const DEFAULT_LIMIT: u32 = 20;
pub const MAX_LIMIT: u32 = 200;
/// Maximum length of a cursor in characters: two names of 500 characters, each encoded as up to 12.
pub const MAX_CURSOR: usize = 16_000;

/// A paginated list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Audit,
    Candidates,
    Chunks,
    Conflicts,
    Projects,
    Questions,
    Relationships,
    Resources,
    Rows,
    Search,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Candidates => "candidates",
            Self::Chunks => "chunks",
            Self::Conflicts => "conflicts",
            Self::Projects => "projects",
            Self::Questions => "questions",
            Self::Relationships => "relationships",
            Self::Resources => "resources",
            Self::Rows => "rows",
            Self::Search => "search",
        }
    }

    /// Whether these are valid sort keys of a row of the list.
    fn has(self, keys: &[String]) -> bool {
        match self {
            Self::Audit | Self::Chunks => {
                matches!(keys, [seq] if seq.parse().is_ok_and(|seq: i64| seq >= 0))
            }
            Self::Candidates | Self::Conflicts => keys.len() == 2,
            Self::Search => {
                let is_number = |key: &String| key.parse().is_ok_and(|number: i64| number >= 0);
                keys.len() == 4 && keys[1..].iter().all(is_number)
            }
            Self::Projects | Self::Relationships | Self::Resources => keys.len() == 1,
            Self::Questions => keys.len() >= 2,
            Self::Rows => keys.len() == 4,
        }
    }
}

/// The requested part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: usize,
    /// The sort keys of the last row already seen.
    pub after: Option<Vec<String>>,
    list: List,
    /// The first key of each cursor, to distinguish lists of the same name.
    stamp: Option<String>,
}

impl PageRequest {
    /// Checks `limit`, and that `cursor` came from the same list.
    pub fn new(list: List, limit: Option<u32>, cursor: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid(
                "limit",
                format!("{limit} is out of range"),
                format!("Give a number from 1 to {MAX_LIMIT}; the cursor of the answer goes on."),
            ));
        }
        let after = cursor.map(|cursor| decode(list, cursor)).transpose()?;
        Ok(Self { limit: limit as usize, after, list, stamp: None })
    }

    /// As [`PageRequest::new`]; rejects a cursor with another stamp, from another list of that
    /// name.
    pub fn stamped(
        list: List,
        stamp: String,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Self> {
        let mut page = Self::new(list, limit, cursor)?;
        if let Some(keys) = &mut page.after
            && keys.remove(0) != stamp
        {
            return Err(Error::invalid(
                "cursor",
                "it came from another question, or from other arguments",
                "Repeat the call that gave it, or leave cursor out to start again.",
            ));
        }
        page.stamp = Some(stamp);
        Ok(page)
    }

    /// Returns the limit plus one: the extra row shows whether there is a next page.
    pub fn fetch(&self) -> i64 {
        self.limit as i64 + 1
    }

    /// Returns the key at `index` of the last row seen, or an empty text, which sorts first.
    pub fn after_text(&self, index: usize) -> &str {
        self.after.as_ref().and_then(|keys| keys.get(index)).map_or("", String::as_str)
    }

    /// Rejects a cursor of a call with other arguments; `digest` is its first key.
    pub fn check_same(&self, digest: &str) -> Result<()> {
        if self.after.is_none() || self.after_text(0) == digest {
            return Ok(());
        }
        Err(Error::invalid(
            "cursor",
            "it came from a call with other arguments",
            "Repeat the arguments of that call, or leave cursor out to start again.",
        ))
    }

    pub fn after_number(&self) -> i64 {
        self.after_text(0).parse().unwrap_or(0)
    }

    /// Returns the cursor after a row with these sort keys.
    pub fn cursor_after(&self, keys: &[String]) -> String {
        encode(self.list, keys)
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
        let cursor = |item: &T| {
            let stamped = self.stamp.iter().cloned().chain(keys(item));
            encode(self.list, &stamped.collect::<Vec<_>>())
        };
        let cursors: Vec<String> = items.iter().map(cursor).collect();
        let next_cursor = if more { cursors.last().cloned() } else { None };
        Page { items, cursors, total, next_cursor }
    }
}

/// Returns a short digest of a call's arguments, for its cursors.
pub fn digest(arguments: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for argument in arguments {
        hash.update(argument.len().to_le_bytes());
        hash.update(argument);
    }
    base16ct::lower::encode_string(&hash.finalize()[..4])
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The cursor after each item, for an answer that must be cut short.
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

/// Encodes the list name and the keys. Separators, hidden characters and characters that would need
/// quoting are percent-encoded.
fn encode(list: List, keys: &[String]) -> String {
    let mut cursor = list.name().to_owned();
    for key in keys {
        cursor.push(SEPARATOR);
        for c in key.chars() {
            if matches!(c, '%' | SEPARATOR | '"' | '\\') || c.is_control() || is_hidden(c) {
                let mut bytes = [0; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                cursor.extend(bytes.map(|byte| format!("%{byte:02X}")));
            } else {
                cursor.push(c);
            }
        }
    }
    cursor
}

fn decode(list: List, cursor: &str) -> Result<Vec<String>> {
    if let Some((name, keys)) = cursor.split_once(SEPARATOR)
        && name == list.name()
    {
        let keys: Option<Vec<String>> = keys.split(SEPARATOR).map(percent_decoded).collect();
        if let Some(keys) = keys.filter(|keys| list.has(keys)) {
            return Ok(keys);
        }
    }
    Err(Error::invalid(
        "cursor",
        format!("{cursor:?} is not a cursor of {}", list.name()),
        "Pass next_cursor of the last answer unchanged, or leave cursor out to start again.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_whatever_is_in_its_keys() {
        for key in ["", "a|b", "%7C", "%25|%", "||", "100 %\nü", "\u{1b}\u{202e}\"\\鏡"] {
            let keys = vec![key.to_owned(), "|".to_owned()];
            assert_eq!(decode(List::Conflicts, &encode(List::Conflicts, &keys)), Ok(keys));
        }
    }

    #[test]
    fn a_cursor_of_another_form_or_list_is_refused() {
        for (list, cursor) in [
            (List::Audit, "audit"),
            (List::Audit, "audit|abc"),
            (List::Audit, "audit|-1"),
            (List::Audit, "audit|1|2"),
            (List::Audit, "projects|1"),
            (List::Candidates, "candidates|2026"),
            (List::Projects, "projects|a|b"),
            (List::Projects, ""),
            (List::Projects, "projects|%"),
            (List::Projects, "projects|%zz"),
            (List::Projects, "projects|%FF"),
            (List::Projects, "projects|%+1"),
        ] {
            assert!(decode(list, cursor).is_err(), "{cursor}");
        }
        assert_eq!(decode(List::Audit, "audit|7"), Ok(vec!["7".to_owned()]));
    }
}
