//! One decision record: front matter, title, metadata, status with links, and the rest as text.

use serde_json::{Map, Value};

use super::links::{RecordLink, read_link};
use crate::model::Ontology;
use crate::ops::exchange::yaml::{parse_yaml, split_front_matter};

/// The parts of a record.
#[derive(Debug, Clone, Default)]
pub struct DecisionRecord {
    pub title: String,
    /// The first line about the status, in the words of the file.
    pub status: Option<String>,
    pub date: Option<String>,
    /// Other metadata, by name.
    pub fields: Map<String, Value>,
    pub links: Vec<RecordLink>,
    /// All other text, as it is in the file.
    pub text: String,
    /// Why the front matter was not read; it is part of the text then.
    pub problem: Option<String>,
}

/// Metadata lines, in lower case, and the properties that they become.
const METADATA: [(&str, &str); 9] = [
    ("status", "status"),
    ("date", "date"),
    ("deciders", "deciders"),
    ("decision-makers", "deciders"),
    ("decision makers", "deciders"),
    ("consulted", "consulted"),
    ("informed", "informed"),
    ("tags", "tags"),
    ("technical story", "technical_story"),
];

/// Whether the front matter can have the name of a property, and it is read back as it.
pub fn takes_property(name: &str, _ontology: &Ontology) -> bool {
    let lower = name.to_lowercase();
    let known = METADATA.iter().find(|(known, _)| *known == lower);
    lower != "uid"
        && known
            .is_none_or(|(_, property)| *property == name && lower != "status" && lower != "date")
}

/// The sections whose lines are status and links.
const LINK_SECTIONS: [&str; 2] = ["status", "links"];

/// The part of a record that is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordPart {
    BeforeTitle,
    /// Between the title and the first section.
    Metadata,
    Status,
    Links,
    Text,
}

/// Parses a record.
pub fn parse_record(text: &str) -> DecisionRecord {
    let mut record = DecisionRecord::default();
    let body = record.read_front_matter(text);
    let mut part = RecordPart::BeforeTitle;
    let mut kept: Vec<String> = Vec::new();
    let mut fence: Option<&str> = None;
    let (body, opaque) = split_opaque(body);
    for line in body.lines() {
        let bare = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        let heading = if fence.is_none() { read_heading(line) } else { None };
        if let Some((level, name)) = heading {
            if level == 1 && record.title.is_empty() && part == RecordPart::BeforeTitle {
                name.clone_into(&mut record.title);
                part = RecordPart::Metadata;
                continue;
            }
            let word = name.trim_end_matches(':').to_lowercase();
            part = match LINK_SECTIONS.into_iter().position(|known| known == word) {
                Some(0) => RecordPart::Status,
                Some(_) => RecordPart::Links,
                None => RecordPart::Text,
            };
            if part != RecordPart::Text {
                // Written again if the section has a line that is neither status nor link.
                kept.push(format!("{SECTION_MARK}{line}"));
                continue;
            }
        } else if fence.is_none() && record.takes_line(part, line) {
            kept.push(TAKEN.to_owned());
            continue;
        }
        kept.push(line.to_owned());
    }
    record.text = match (join_kept(&kept), opaque) {
        (text, None) => text,
        (text, Some(opaque)) if text.is_empty() => opaque.to_owned(),
        (text, Some(opaque)) => format!("{text}\n\n{opaque}"),
    };
    record
}

/// The lines around a text of which nothing is taken as status, metadata or link.
const OPAQUE: [&str; 2] = ["<!-- atocore: text -->\n", "\n<!-- atocore: end of text -->\n"];

/// Takes the text between these lines out of a body.
fn split_opaque(body: &str) -> (String, Option<&str>) {
    let Some((before, rest)) = body.split_once(OPAQUE[0]) else { return (body.to_owned(), None) };
    match rest.rsplit_once(OPAQUE[1]) {
        Some((text, after)) if before.is_empty() || before.ends_with('\n') => {
            (format!("{before}{after}"), Some(text))
        }
        _ => (body.to_owned(), None),
    }
}

/// Returns a text as the body of a record from which it is read back, also where a section follows.
pub fn write_body(text: &str) -> String {
    let body =
        format!("---\nstatus: accepted\n---\n# T\n\n{text}\n\n## Links\n\n* Amends [a](b.md)\n");
    let record = parse_record(&body);
    let is_plain = record.text == text && record.links.len() == 1;
    if is_plain && record.fields.is_empty() && record.date.is_none() {
        return format!("{text}\n");
    }
    format!("{}{text}{}", OPAQUE[0], OPAQUE[1])
}

/// Marks the heading of a section of status or links, and a line that was taken out. No text has NUL.
const SECTION_MARK: char = '\u{0}';
const TAKEN: &str = "\u{0}\u{0}";

/// Joins the lines that are kept; the heading of a section of which nothing is left is dropped.
fn join_kept(kept: &[String]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut is_cut = true;
    for (at, line) in kept.iter().enumerate() {
        if line == TAKEN {
            is_cut = true;
            continue;
        }
        let shown = match line.strip_prefix(SECTION_MARK) {
            None => line.as_str(),
            Some(heading) => {
                let mut rest = kept[at + 1..].iter().filter(|line| *line != TAKEN);
                let next = rest.find(|line| !line.trim().is_empty());
                if next.is_none_or(|line| {
                    line.starts_with(SECTION_MARK) || read_heading(line).is_some()
                }) {
                    is_cut = true;
                    continue;
                }
                heading
            }
        };
        // A cut leaves blank lines on both sides.
        let is_blank = shown.trim().is_empty();
        let follows_blank = lines.last().is_none_or(|line| line.trim().is_empty());
        if !(is_cut && is_blank && follows_blank) {
            lines.push(shown);
        }
        is_cut = is_cut && is_blank;
    }
    lines.join("\n").trim().to_owned()
}

/// Returns level and text of an ATX heading.
fn read_heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_heading.then(|| (level, rest.trim().trim_end_matches('#').trim()))
}

impl DecisionRecord {
    /// Reads the front matter, and returns the text after it.
    fn read_front_matter<'t>(&mut self, text: &'t str) -> &'t str {
        let Some((front, body)) = split_front_matter(text) else { return text };
        match parse_yaml(front) {
            Ok(Value::Object(fields)) => {
                for (name, value) in fields {
                    self.set_field(&name, value);
                }
                body
            }
            Ok(Value::Null) => body,
            Ok(_) => text,
            Err(problem) => {
                self.problem = Some(problem);
                text
            }
        }
    }

    fn set_field(&mut self, name: &str, value: Value) {
        let lower = name.to_lowercase();
        let known =
            METADATA.iter().find(|(known, _)| *known == lower).map(|(_, property)| *property);
        match (known, value) {
            (_, Value::Null) => {}
            (Some("status"), Value::String(text)) if self.status.is_none() => {
                self.status = Some(text)
            }
            (Some("date"), Value::String(text)) if self.date.is_none() => self.date = Some(text),
            (_, value) => {
                self.fields.insert(known.unwrap_or(name).to_owned(), value);
            }
        }
    }

    /// Takes a line of metadata, status or links; returns whether it was one.
    fn takes_line(&mut self, part: RecordPart, line: &str) -> bool {
        let line = line.trim();
        if line.is_empty() {
            return false;
        }
        match part {
            RecordPart::Metadata => self.takes_metadata(line),
            RecordPart::Links => self.takes_link(line),
            RecordPart::Status => {
                if self.takes_link(line) {
                    self.status.get_or_insert_with(|| line.to_owned());
                    return true;
                }
                let is_word = line.split_whitespace().count() <= 3;
                if self.status.is_none() && is_word {
                    self.status = Some(line.trim_matches(['*', '_', '.', ' ']).to_owned());
                    return true;
                }
                false
            }
            RecordPart::BeforeTitle | RecordPart::Text => false,
        }
    }

    fn takes_link(&mut self, line: &str) -> bool {
        let link = read_link(line);
        let is_link = link.is_some();
        self.links.extend(link);
        is_link
    }

    /// Takes `* Status: accepted` or `Date: 2020-01-02`.
    fn takes_metadata(&mut self, line: &str) -> bool {
        let bare = line.trim_start_matches(['*', '-', '+']).trim();
        let Some((name, value)) = bare.split_once(':') else { return false };
        let lower = name.trim_matches(['*', '_', ' ']).to_lowercase();
        let known = METADATA.iter().any(|(known, _)| *known == lower);
        let value = value.trim().trim_start_matches("**").trim();
        if known && !value.is_empty() {
            self.set_field(&lower, Value::from(value));
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_adr_tools() {
        let text = "# 2. Use X\n\nDate: 2016-02-12\n\n## Status\n\nAccepted\n\nSupersedes [1. Y](0001-y.md)\n\n## Context\n\nWhy.\n\n```\n# no title\n## Status\n```\n";
        let record = parse_record(text);
        assert_eq!(record.title, "2. Use X");
        assert_eq!(record.status.as_deref(), Some("Accepted"));
        assert_eq!(record.date.as_deref(), Some("2016-02-12"));
        assert_eq!(record.links.len(), 1);
        assert_eq!(record.text, "## Context\n\nWhy.\n\n```\n# no title\n## Status\n```");
    }

    #[test]
    fn a_record_of_madr_with_lines_that_are_no_metadata() {
        let text = "---\nstatus: \"superseded by [ADR-5](0005-z.md)\"\ndate: 2024-01-02\ndecision-makers: [ada, bob]\nparent: Decisions\n---\n# Use Z\n\nAn introduction: it is text.\n\n## Links\n\n* [Refines] [ADR-3](0003-x.md)\n* a note\n";
        let record = parse_record(text);
        assert_eq!(record.status.as_deref(), Some("superseded by [ADR-5](0005-z.md)"));
        assert_eq!(record.fields["deciders"], serde_json::json!(["ada", "bob"]));
        assert_eq!(record.fields["parent"], "Decisions");
        assert_eq!(record.text, "An introduction: it is text.\n\n## Links\n\n* a note");
    }

    #[test]
    fn a_broken_front_matter_stays_text() {
        let record = parse_record("---\na: [\n---\n# T\n");
        assert!(record.problem.is_some());
        assert!(record.text.starts_with("---"), "{}", record.text);
        assert_eq!(record.title, "T");
    }
}
