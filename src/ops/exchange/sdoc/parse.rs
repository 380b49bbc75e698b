//! Parses a StrictDoc document, line by line.

/// A document in its own words.
#[derive(Debug, Clone, Default)]
pub struct SdocDocument {
    /// The simple lines of the head: TITLE, UID, VERSION and others.
    pub head: Vec<(String, String)>,
    /// OPTIONS, METADATA and VIEWS, as they are in the file.
    pub blocks: String,
    /// The block GRAMMAR, as it is in the file.
    pub grammar: String,
    pub nodes: Vec<SdocNode>,
    /// Lines that were not understood, with the reason.
    pub problems: Vec<(usize, String)>,
    /// Other files that the document includes.
    pub includes: Vec<String>,
}

/// A requirement, a text, a section or another node.
#[derive(Debug, Clone, Default)]
pub struct SdocNode {
    pub line: usize,
    pub tag: String,
    /// Whether it has nodes inside.
    pub is_composite: bool,
    pub fields: Vec<(String, String)>,
    pub relations: Vec<SdocRelation>,
    /// The names of the composite nodes around it.
    pub section: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct SdocRelation {
    /// Parent, Child or File.
    pub kind: String,
    pub value: String,
    pub role: String,
    /// Other lines, such as the range in a file.
    pub details: Vec<(String, String)>,
}

impl SdocNode {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// Returns the name of the section that it is for the nodes inside.
    fn section_name(&self) -> String {
        let named = ["TITLE", "UID"].iter().find_map(|name| self.field(name));
        named.unwrap_or(&self.tag).to_owned()
    }
}

/// The part of the document that is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SdocPart {
    Outside,
    Head,
    Grammar,
    Node,
    Relations,
    Include,
}

struct SdocParser {
    document: SdocDocument,
    part: SdocPart,
    /// The indexes of the open composite nodes.
    open: Vec<usize>,
}

/// Parses a document. A line that is not understood is a problem; the others are read.
pub fn parse_document(text: &str) -> SdocDocument {
    let mut parser =
        SdocParser { document: SdocDocument::default(), part: SdocPart::Outside, open: Vec::new() };
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some((name, rest)) = parser.field_name(line) else {
            parser.read_line(at + 1, line);
            continue;
        };
        if rest != ">>>" {
            parser.add_field(name, rest.to_owned());
            continue;
        }
        let mut body: Vec<&str> = Vec::new();
        let mut is_closed = false;
        for (_, line) in lines.by_ref() {
            if line == "<<<" {
                is_closed = true;
                break;
            }
            body.push(line);
        }
        if is_closed {
            parser.add_field(name, body.join("\n"));
        } else {
            parser.refuse(at + 1, "the text after >>> has no end <<<");
        }
    }
    parser.finish(text.lines().count())
}

/// Returns the tag in `[TAG]`, `[[TAG]]` or `[[/TAG]]`, with the marks around it.
fn read_tag(line: &str) -> Option<(&'static str, &str)> {
    let forms = [("[[/", "]]"), ("[/", "]"), ("[[", "]]"), ("[", "]")];
    forms.into_iter().find_map(|(open, close)| {
        let tag = line.strip_prefix(open)?.strip_suffix(close)?;
        let is_tag = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        is_tag.then_some((open, tag))
    })
}

impl SdocParser {
    /// Returns name and value of a line of a node.
    fn field_name<'l>(&self, line: &'l str) -> Option<(&'l str, &'l str)> {
        if !matches!(self.part, SdocPart::Node | SdocPart::Relations) {
            return None;
        }
        let (name, rest) = line.split_once(':')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        (is_name && name != "RELATIONS" && rest.starts_with(' ')).then(|| (name, &rest[1..]))
    }

    fn add_field(&mut self, name: &str, value: String) {
        if let Some(node) = self.document.nodes.last_mut() {
            node.fields.push((name.to_owned(), value));
        }
    }

    fn refuse(&mut self, line: usize, reason: &str) {
        self.document.problems.push((line, reason.to_owned()));
    }

    fn read_line(&mut self, number: usize, line: &str) {
        if let Some((mark, tag)) = read_tag(line) {
            return self.read_mark(number, mark, tag);
        }
        if line.trim().is_empty() {
            return;
        }
        let document = &mut self.document;
        match self.part {
            SdocPart::Grammar => document.grammar.push_str(&format!("{line}\n")),
            SdocPart::Head => match line.split_once(": ") {
                Some((name, value))
                    if document.blocks.is_empty() && !line.starts_with([' ', '-']) =>
                {
                    document.head.push((name.to_owned(), value.to_owned()));
                }
                _ => document.blocks.push_str(&format!("{line}\n")),
            },
            SdocPart::Include => match line.strip_prefix("FILE: ") {
                Some(file) => document.includes.push(file.to_owned()),
                None => self.refuse(number, "it is no line of a file that is included"),
            },
            SdocPart::Node if line.trim_end() == "RELATIONS:" => self.part = SdocPart::Relations,
            SdocPart::Relations => self.read_relation(number, line),
            _ => self.refuse(number, "it is no field of a node"),
        }
    }

    fn read_mark(&mut self, number: usize, mark: &str, tag: &str) {
        let section = || self.open.iter().map(|at| self.document.nodes[*at].section_name());
        match (mark, tag) {
            ("[", "DOCUMENT") => self.part = SdocPart::Head,
            ("[", "GRAMMAR") => self.part = SdocPart::Grammar,
            ("[", "DOCUMENT_FROM_FILE") => self.part = SdocPart::Include,
            ("[[/" | "[/", _) => {
                self.part = SdocPart::Outside;
                let open = self.open.pop();
                if open.is_none_or(|at| self.document.nodes[at].tag != tag) {
                    self.refuse(number, "it closes what is not open");
                }
            }
            _ => {
                let is_composite = mark == "[[" || tag == "SECTION";
                let section = section().collect();
                let tag = tag.to_owned();
                let node =
                    SdocNode { line: number, tag, is_composite, section, ..SdocNode::default() };
                if is_composite {
                    self.open.push(self.document.nodes.len());
                }
                self.document.nodes.push(node);
                self.part = SdocPart::Node;
            }
        }
    }

    fn read_relation(&mut self, number: usize, line: &str) {
        let relations = self.document.nodes.last_mut().map(|node| &mut node.relations);
        let Some(relations) = relations else { return };
        if let Some(kind) = line.strip_prefix("- TYPE: ") {
            let kind = kind.trim().to_owned();
            return relations.push(SdocRelation { kind, ..SdocRelation::default() });
        }
        match (relations.last_mut(), line.trim_start().split_once(':')) {
            (Some(relation), Some((name, value))) if line.starts_with("  ") => {
                let value = value.trim().to_owned();
                match name {
                    "VALUE" | "PATH" if relation.value.is_empty() => relation.value = value,
                    "ROLE" => relation.role = value,
                    _ => relation.details.push((name.to_owned(), value)),
                }
            }
            _ => self.refuse(number, "it is no line of a relation"),
        }
    }

    fn finish(mut self, lines: usize) -> SdocDocument {
        if !self.open.is_empty() {
            self.refuse(lines, "a section is not closed");
        }
        self.document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_fields_relations_and_sections() {
        let text = "[DOCUMENT]\nTITLE: T\nVERSION: 1\nOPTIONS:\n  MARKUP: Text\n\n[GRAMMAR]\nELEMENTS:\n- TAG: TEXT\n\n[[SECTION]]\nTITLE: A: b\n\n[REQUIREMENT]\nUID: R-1\nSTATEMENT: >>>\n[REQUIREMENT]\nUID: no\n<<<\nRELATIONS:\n- TYPE: Parent\n  VALUE: R-0\n  ROLE: Refines\n- TYPE: File\n  VALUE: /a.c\n  LINE_RANGE: 1, 2\n\n[[/SECTION]]\n";
        let document = parse_document(text);
        assert_eq!(document.problems, []);
        assert_eq!(document.head.len(), 2);
        assert_eq!(document.blocks, "OPTIONS:\n  MARKUP: Text\n");
        assert_eq!(document.nodes.len(), 2);
        let node = &document.nodes[1];
        assert_eq!(node.field("STATEMENT"), Some("[REQUIREMENT]\nUID: no"));
        assert_eq!(node.section, ["A: b"]);
        assert_eq!(node.relations[0].role, "Refines");
        assert_eq!(node.relations[1].details, [("LINE_RANGE".to_owned(), "1, 2".to_owned())]);
    }

    #[test]
    fn only_a_line_of_its_own_ends_a_text() {
        let document = parse_document("[TEXT]\nSTATEMENT: >>>\n<<<x\n <<<\n<<<\n");
        assert_eq!(document.nodes[0].field("STATEMENT"), Some("<<<x\n <<<"));
    }

    #[test]
    fn what_is_not_understood_is_a_problem() {
        let lines = |text: &str| {
            parse_document(text).problems.into_iter().map(|(line, _)| line).collect::<Vec<_>>()
        };
        assert_eq!(lines("[DOCUMENT]\nTITLE: T\n\n[REQUIREMENT]\nplain\nUID: R\n"), [5]);
        assert_eq!(lines("[REQUIREMENT]\nSTATEMENT: >>>\nopen\n"), [2]);
        assert_eq!(lines("[[/SECTION]]\n"), [1]);
        assert_eq!(lines("[[SECTION]]\nTITLE: T\n"), [2]);
    }
}
