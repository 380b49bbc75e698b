//! Formatted texts: as plain text, and back.

use super::xml::{XmlElement, XmlNode, parse_xml};
use crate::ops::exchange::xml_text::escape_xml;

/// Elements that begin and end a line.
const BLOCKS: [&str; 15] = [
    "div",
    "p",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
];
/// Elements that a plain text can say.
const PLAIN: [&str; 4] = ["div", "p", "br", "pre"];

/// The text of a formatted value.
#[derive(Debug, Clone, PartialEq)]
pub struct FormattedText {
    pub text: String,
    /// The elements, if the text does not say them.
    pub source: Option<String>,
}

/// Reads the elements in a value.
pub fn read_formatted(value: &XmlElement) -> FormattedText {
    let mut text = PlainText::default();
    value.children.iter().for_each(|node| text.add(node, false));
    let text = text.finish();
    let is_plain = value.elements().all(is_plain);
    let source = (!is_plain).then(|| value.children.iter().map(write_node).collect());
    FormattedText { text, source }
}

/// Reads elements that [`read_formatted`] kept.
pub fn read_source(source: &str) -> Option<String> {
    parse_xml(&format!("<v xmlns:xhtml=\"x\">{source}</v>"))
        .ok()
        .map(|value| read_formatted(&value).text)
}

/// Writes a text as elements from which it is read back.
pub fn write_formatted(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(escape_xml).collect();
    let plain = format!("<xhtml:div>{}</xhtml:div>", lines.join("<xhtml:br/>"));
    if read_source(&plain).as_deref() == Some(text) {
        return plain;
    }
    format!("<xhtml:pre>{}</xhtml:pre>", escape_xml(text))
}

fn is_plain(element: &XmlElement) -> bool {
    PLAIN.contains(&element.name.as_str())
        && element.attributes.iter().all(|(name, _)| name == "xmlns" || name == "xhtml")
        && element.elements().all(is_plain)
}

fn write_node(node: &XmlNode) -> String {
    let element = match node {
        XmlNode::Text(text) => return escape_xml(text),
        XmlNode::Element(element) => element,
    };
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let inner: String = element.children.iter().map(write_node).collect();
    if !is_name(&element.name) {
        return inner;
    }
    let attributes = element.attributes.iter().filter(|(name, value)| {
        is_name(name) && name != "xmlns" && !value.starts_with("http://www.w3.org/1999/xhtml")
    });
    let attributes: String =
        attributes.map(|(name, value)| format!(" {name}=\"{}\"", escape_xml(value))).collect();
    format!("<xhtml:{0}{attributes}>{inner}</xhtml:{0}>", element.name)
}

/// A text whose lines are found by the elements.
#[derive(Default)]
struct PlainText {
    text: String,
    /// Whether white space before the next character counts for nothing.
    is_line_start: bool,
    /// Whether a line has to end before the next character.
    ends_line: bool,
}

impl PlainText {
    fn add(&mut self, node: &XmlNode, is_pre: bool) {
        let element = match node {
            XmlNode::Text(text) if is_pre => {
                self.end_line();
                self.text.push_str(text);
                return;
            }
            XmlNode::Text(text) => return self.add_words(text),
            XmlNode::Element(element) => element,
        };
        let name = element.name.as_str();
        let is_block = BLOCKS.contains(&name);
        self.ends_line |= is_block && !self.text.is_empty();
        self.is_line_start |= is_block;
        match name {
            "br" => {
                self.end_line();
                self.trim_space();
                self.text.push('\n');
                self.is_line_start = true;
            }
            "li" => self.add_words("- "),
            "td" | "th" if !self.text.ends_with('\n') && !self.is_line_start => {
                self.add_words(" | ")
            }
            "object" | "img" => {
                let named = ["data", "src"].into_iter().find_map(|name| element.attribute(name));
                self.add_words(&format!("[{}] ", named.unwrap_or(name)));
            }
            _ => {}
        }
        element.children.iter().for_each(|node| self.add(node, is_pre || name == "pre"));
        self.ends_line |= is_block;
        self.is_line_start |= is_block;
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.ends_line) && !self.text.is_empty() {
            self.trim_space();
            self.text.push('\n');
            self.is_line_start = true;
        }
    }

    fn trim_space(&mut self) {
        if self.text.ends_with(' ') && !self.text.ends_with("- ") {
            self.text.pop();
        }
    }

    /// Adds a text in which each run of white space is one space.
    fn add_words(&mut self, text: &str) {
        for c in text.chars() {
            if matches!(c, ' ' | '\n' | '\t' | '\r') {
                let follows =
                    self.text.ends_with(' ') || self.is_line_start || self.text.is_empty();
                if !follows && !self.ends_line {
                    self.text.push(' ');
                }
                continue;
            }
            self.end_line();
            self.text.push(c);
            self.is_line_start = false;
        }
    }

    fn finish(mut self) -> String {
        self.trim_space();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_read_back() {
        for text in [
            "a",
            "a\nb",
            "a\n\nb",
            "  a\n    b",
            "- a\n- b",
            "a  b",
            "",
            "<x> & \"y\"",
            "a\n",
            "\na",
        ] {
            assert_eq!(read_source(&write_formatted(text)).as_deref(), Some(text), "{text:?}");
        }
        assert_eq!(write_formatted("a\nb"), "<xhtml:div>a<xhtml:br/>b</xhtml:div>");
    }

    #[test]
    fn lists_tables_and_pictures_become_lines_and_are_kept() {
        let source = "<xhtml:div>One <xhtml:b>two</xhtml:b>\n  three<xhtml:ul><xhtml:li>a</xhtml:li><xhtml:li>b</xhtml:li></xhtml:ul>\
            <xhtml:table><xhtml:tr><xhtml:td>c</xhtml:td><xhtml:td>d</xhtml:td></xhtml:tr></xhtml:table>\
            <xhtml:object data=\"x.png\"/></xhtml:div>";
        let value = parse_xml(&format!("<v>{source}</v>")).expect("XML");
        let read = read_formatted(&value);
        assert_eq!(read.text, "One two three\n- a\n- b\nc | d\n[x.png]");
        assert_eq!(read_source(&read.source.expect("kept")), Some(read.text));
        let plain = parse_xml("<v><div><p>a</p><p>b</p></div></v>").expect("XML");
        assert_eq!(read_formatted(&plain), FormattedText { text: "a\nb".to_owned(), source: None });
    }
}
