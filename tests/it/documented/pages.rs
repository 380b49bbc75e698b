//! The pages of the documentation: their code blocks and code spans.

use std::fs;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page in Markdown.
pub struct Page {
    /// Its path in the repository.
    pub name: String,
    pub text: String,
}

/// A piece of code on a page, at the line where it begins.
pub struct Code {
    pub line: usize,
    /// The word after the fence, such as `sh`; empty for a span.
    pub kind: String,
    pub text: String,
}

impl Page {
    /// Reads every page except the generated one.
    pub fn read_all() -> Vec<Self> {
        let in_docs =
            fs::read_dir("docs").expect("docs").map(|entry| entry.expect("a file").path());
        let mut names: Vec<String> = in_docs
            .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
            .map(|path| path.to_str().expect("a name").to_owned())
            .filter(|name| name != "docs/tools.md")
            .chain(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned))
            .collect();
        names.sort();
        assert!(names.len() > 30, "{names:?}");
        let read = |name: String| Self { text: fs::read_to_string(&name).expect("a page"), name };
        names.into_iter().map(read).collect()
    }

    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, usize)> {
        let line = |at: usize| self.text[..at].matches('\n').count() + 1;
        let parser = Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter();
        parser.map(move |(event, range)| (event, line(range.start)))
    }

    /// The code blocks of the page.
    pub fn blocks(&self) -> Vec<Code> {
        let mut blocks: Vec<Code> = Vec::new();
        let mut inside = false;
        for (event, line) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let kind = match kind {
                        CodeBlockKind::Fenced(kind) => kind.to_string(),
                        CodeBlockKind::Indented => "indented".to_owned(),
                    };
                    blocks.push(Code { line, kind, text: String::new() });
                    inside = true;
                }
                Event::End(TagEnd::CodeBlock) => inside = false,
                Event::Text(text) if inside => {
                    blocks.last_mut().expect("a block").text.push_str(&text);
                }
                _ => {}
            }
        }
        blocks
    }

    /// The code spans of the page.
    pub fn spans(&self) -> Vec<Code> {
        let spans = self.events().filter_map(|(event, line)| match event {
            Event::Code(text) => Some(Code { line, kind: String::new(), text: text.to_string() }),
            _ => None,
        });
        spans.collect()
    }
}

/// The blocks of a kind on all pages, each with its page.
pub fn blocks_of_kind(pages: &[Page], kind: &str) -> Vec<(String, Code)> {
    let all = pages.iter().flat_map(|page| page.blocks().into_iter().map(move |code| (page, code)));
    let found = all.filter(|(_, code)| code.kind == kind);
    found.map(|(page, code)| (format!("{}:{}", page.name, code.line), code)).collect()
}

#[test]
fn every_block_is_of_a_kind_that_a_test_checks() {
    let pages = Page::read_all();
    let count = |kind: &str| blocks_of_kind(&pages, kind).len();
    let counts = ["sh", "json", "toml", "markdown", "python", "text"].map(count);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    let all: Vec<_> = pages.iter().flat_map(Page::blocks).map(|code| code.kind).collect();
    assert_eq!(all.len(), counts.iter().sum::<usize>(), "{all:?}");
}

/// Text blocks are output and diagrams: commands in them would not be run.
#[test]
fn a_text_block_holds_no_command_but_the_demo() {
    for (place, code) in blocks_of_kind(&Page::read_all(), "text") {
        for line in code.text.lines().filter(|line| *line != "$ cargo run -- demo") {
            let words = line.trim_start_matches("$ ");
            assert!(!words.starts_with("atocore ") && words == line, "{place}: {line}");
        }
    }
}
