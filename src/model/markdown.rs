//! The outline of a Markdown document: title, sections, and block boundaries.
//!
//! Front matter is detected here, because the parser would take any line `---` for its start.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::text::collapse_spaces;

/// The maximum length in characters of a heading in a path, and of a title.
const MAX_HEADING: usize = 200;

/// How many bytes before a block are searched for the start of its line.
const MAX_MARKS: usize = 1_000;

/// The byte offsets at which a document can be split.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    pub title: Option<String>,
    /// In order and without gaps: together they are the whole text.
    pub sections: Vec<MarkdownSection>,
    /// The offsets of top-level blocks.
    pub blocks: Vec<usize>,
    /// The offsets of nested blocks: list items, paragraphs of a quote.
    pub nested: Vec<usize>,
    /// Table rows.
    pub rows: Vec<Range<usize>>,
}

/// The text from one heading to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkdownSection {
    pub range: Range<usize>,
    /// Headings from the top, joined by ` > `; empty before the first.
    pub heading_path: String,
}

/// Outlines plain text: paragraphs separated by blank lines.
pub fn of_text(text: &str) -> Outline {
    let mut blocks = Vec::new();
    let (mut at, mut blank) = (0, true);
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim().is_empty();
        if blank && !is_blank {
            blocks.push(at);
        }
        blank = is_blank;
        at += line.len();
    }
    let whole = MarkdownSection { range: 0..text.len(), heading_path: String::new() };
    Outline { sections: vec![whole], blocks, ..Outline::default() }
}

/// Outlines Markdown. Headings inside quotes and lists begin no section.
pub fn outline_markdown(text: &str) -> Outline {
    let body = front_matter(text);
    let mut reader = MarkdownReader { text, body, ..MarkdownReader::default() };
    let parser = Parser::new_ext(&text[body..], Options::ENABLE_TABLES);
    for (event, range) in parser.into_offset_iter() {
        reader.read(&event, range.start + body..range.end + body);
    }
    reader.finish()
}

/// Returns the offset after the front matter, which starts with a first line `---` and ends with
/// the next line `---` or `...`.
fn front_matter(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else { return 0 };
    let mut at = first.len();
    for (number, line) in lines.enumerate() {
        // A `---` followed by a blank line is a thematic break.
        if number == 0 && line.trim().is_empty() {
            return 0;
        }
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            return at;
        }
    }
    0
}

fn front_matter_title(front: &str) -> Option<String> {
    let value = front.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let bare = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
    Some(shorten_heading(bare.unwrap_or(value))).filter(|title| !title.is_empty())
}

/// Puts a heading on one line and shortens it for a path; the text keeps the whole heading.
fn shorten_heading(heading: &str) -> String {
    let heading = collapse_spaces(heading);
    match heading.char_indices().nth(MAX_HEADING) {
        Some((end, _)) => format!("{}…", heading[..end].trim_end()),
        None => heading,
    }
}

fn is_block(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::List(_)
            | Tag::Item
            | Tag::TableHead
            | Tag::TableRow
    )
}

/// Builds the outline.
#[derive(Default)]
struct MarkdownReader<'t> {
    text: &'t str,
    body: usize,
    outline: Outline,
    /// The number of open blocks and inline elements.
    depth: usize,
    /// The enclosing headings.
    above: Vec<(HeadingLevel, String)>,
    /// The heading being read.
    heading: Option<String>,
    /// The start of the current section.
    start: usize,
}

impl MarkdownReader<'_> {
    fn read(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                self.open(tag, range);
                self.depth += 1;
            }
            Event::End(end) => {
                self.depth -= 1;
                if let (TagEnd::Heading(level), 0) = (end, self.depth) {
                    self.close_heading(*level);
                }
            }
            Event::Rule if self.depth == 0 => self.outline.blocks.push(self.line_of(range.start)),
            Event::Text(text) | Event::Code(text) => self.add_to_heading(text),
            Event::SoftBreak | Event::HardBreak => self.add_to_heading(" "),
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let at = self.line_of(range.start);
        if let (Tag::Heading { .. }, 0) = (tag, self.depth) {
            self.end_section(at);
            self.heading = Some(String::new());
        }
        if matches!(tag, Tag::TableHead | Tag::TableRow) {
            self.outline.rows.push(at..range.end);
        }
        match self.depth {
            0 => self.outline.blocks.push(at),
            _ if is_block(tag) => self.outline.nested.push(at),
            _ => {}
        }
    }

    fn add_to_heading(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
    }

    fn close_heading(&mut self, level: HeadingLevel) {
        let heading = shorten_heading(&self.heading.take().unwrap_or_default());
        if level == HeadingLevel::H1 && self.outline.title.is_none() && !heading.is_empty() {
            self.outline.title = Some(heading.clone());
        }
        self.above.retain(|(above, _)| *above < level);
        self.above.push((level, heading));
    }

    /// Returns the start of a block's line: text before the block on its line belongs to it.
    fn line_of(&self, at: usize) -> usize {
        let from = at.saturating_sub(MAX_MARKS).max(self.body);
        let line = self.text.as_bytes()[from..at].iter().rposition(|byte| *byte == b'\n');
        match line {
            Some(end) => from + end + 1,
            None if from == self.body => self.body,
            None => at,
        }
    }

    fn end_section(&mut self, end: usize) {
        if end > self.start {
            let path: Vec<&str> = self.above.iter().map(|(_, heading)| heading.as_str()).collect();
            let path: Vec<&str> = path.into_iter().filter(|heading| !heading.is_empty()).collect();
            let heading_path = path.join(" > ");
            self.outline.sections.push(MarkdownSection { range: self.start..end, heading_path });
        }
        self.start = end;
    }

    fn finish(mut self) -> Outline {
        self.end_section(self.text.len());
        if self.body > 0 {
            self.split_front_matter();
        }
        let Outline { blocks, nested, .. } = &mut self.outline;
        for places in [blocks, nested] {
            places.sort_unstable();
            places.dedup();
        }
        self.outline
    }

    /// Makes the front matter a section of its own.
    fn split_front_matter(&mut self) {
        let front = MarkdownSection { range: 0..self.body, heading_path: String::new() };
        match self.outline.sections.first_mut() {
            Some(first) if first.range.end > self.body => first.range.start = self.body,
            _ => drop(self.outline.sections.drain(..1)),
        }
        self.outline.sections.insert(0, front);
        if self.outline.title.is_none() {
            self.outline.title = front_matter_title(&self.text[..self.body]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        outline_markdown(text).sections.into_iter().map(|section| section.heading_path).collect()
    }

    #[test]
    fn headings_of_both_kinds_make_the_path_in_plain_text() {
        let text = "intro\n\n# `Svc::TlmChan` <a name=\"x\"/>*chan* [link](to)\n\ntext\n\n\
            Under\nline\n---\n\n#### Deep ####\n\n## Next\n# Top";
        assert_eq!(
            paths(text),
            [
                "",
                "Svc::TlmChan chan link",
                "Svc::TlmChan chan link > Under line",
                "Svc::TlmChan chan link > Under line > Deep",
                "Svc::TlmChan chan link > Next",
                "Top",
            ]
        );
        assert_eq!(outline_markdown(text).title.as_deref(), Some("Svc::TlmChan chan link"));
    }

    #[test]
    fn what_only_looks_like_a_heading_is_text() {
        assert_eq!(paths("```\n# code\n```\n> # quoted\n\n- # item\n\n#no space\n\\# no"), [""]);
        assert_eq!(paths("##\n\n### A"), ["", "A"]);
    }

    #[test]
    fn front_matter_is_a_section_and_gives_the_title_that_no_heading_gives() {
        let found = outline_markdown("---\ntitle: \"The: book\"\n---\ntext");
        assert_eq!(found.title.as_deref(), Some("The: book"));
        let ranges: Vec<_> = found.sections.into_iter().map(|section| section.range).collect();
        assert_eq!(ranges, [0..27, 27..31]);
        assert_eq!(outline_markdown("---\ntitle: x\n---\n# H").title.as_deref(), Some("H"));
        assert_eq!(outline_markdown("---\n\ntitle: x\n---\n").sections[0].range.start, 0);
        assert_eq!(outline_markdown("---\na: b\n").sections.len(), 1);
    }
}
