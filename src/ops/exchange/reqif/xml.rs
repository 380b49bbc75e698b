//! A small tree of XML elements, without document types and entities of their own.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Maximum levels of elements.
const MAX_DEPTH: usize = 200;

/// An element by its local name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct XmlElement {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<XmlNode>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum XmlNode {
    Element(XmlElement),
    Text(String),
}

/// Parses a document, or returns the reason why it is not read.
pub fn parse_xml(text: &str) -> Result<XmlElement, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<XmlElement> = vec![XmlElement::default()];
    loop {
        let failed = |error: String| format!("it is not XML: {error}");
        let event = reader.read_event().map_err(|error| failed(error.to_string()))?;
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(format!("its elements are nested deeper than {MAX_DEPTH} levels"));
                }
                open.push(read_start(&start).map_err(failed)?);
            }
            Event::Empty(start) => {
                let element = read_start(&start).map_err(failed)?;
                add_node(&mut open, XmlNode::Element(element));
            }
            // The reader has compared the names.
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    add_node(&mut open, XmlNode::Element(element));
                }
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content()),
            Event::CData(text) => add_text(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref() {
                    Ok(Some(c)) => Some(c.to_string()),
                    _ => resolve_predefined_entity(&reference).map(str::to_owned),
                };
                let known = known.ok_or_else(|| format!("it has an entity &{};", &*reference))?;
                add_text(&mut open, &known);
            }
            Event::DocType(_) => return Err("it has a document type, which is not read".to_owned()),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let [root] = open.as_slice() else { return Err("an element is not closed".to_owned()) };
    let document = root.elements().next().cloned();
    document.ok_or_else(|| "it has no element".to_owned())
}

fn add_node(open: &mut [XmlElement], node: XmlNode) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

fn add_text(open: &mut [XmlElement], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(XmlNode::Text(known)) => known.push_str(text),
        _ => parent.children.push(XmlNode::Text(text.to_owned())),
    }
}

fn read_start(start: &BytesStart<'_>) -> Result<XmlElement, String> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| error.to_string())?.into_owned();
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Ok(XmlElement { name, attributes, children: Vec::new() })
}

impl XmlElement {
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            XmlNode::Element(element) => Some(element),
            XmlNode::Text(_) => None,
        })
    }

    pub fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// Returns the elements in a list, such as `SPEC-OBJECTS`.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.child(name).into_iter().flat_map(Self::elements)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn identifier(&self) -> String {
        self.attribute("IDENTIFIER").unwrap_or_default().to_owned()
    }

    /// Returns the texts in the element, trimmed.
    pub fn text(&self) -> String {
        let texts = self.children.iter().map(|node| match node {
            XmlNode::Text(text) => text.clone(),
            XmlNode::Element(element) => element.text(),
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// Returns the identifier in a reference inside a child, such as `TYPE`.
    pub fn reference(&self, name: &str) -> String {
        self.list(name).next().map(Self::text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::exchange::xml_text::escape_xml;

    #[test]
    fn elements_and_texts_are_read() {
        let root = parse_xml(
            "<?xml version=\"1.0\"?><a:r x:ID='1 &amp; 2'><b>t&lt;<![CDATA[<c>]]>&#10;</b><d/></a:r>",
        );
        let root = root.expect("XML");
        assert_eq!((root.name.as_str(), root.attribute("ID")), ("r", Some("1 & 2")));
        assert_eq!(
            root.child("b").map(|b| b.children.clone()),
            Some(vec![XmlNode::Text("t<<c>\n".to_owned())])
        );
        let text = "a\n\"<&>\t";
        let read = parse_xml(&format!("<a x=\"{0}\">{0}</a>", escape_xml(text))).expect("XML");
        assert_eq!(read.attribute("x"), Some(text));
        assert_eq!(read.children, [XmlNode::Text(text.to_owned())]);
    }

    #[test]
    fn entities_and_deep_elements_are_refused() {
        assert!(parse_xml("<!DOCTYPE r [<!ENTITY e \"x\">]><r>&e;</r>").is_err());
        assert!(parse_xml("<r>&e;</r>").is_err());
        assert!(parse_xml(&"<a>".repeat(100_000)).is_err());
        assert!(parse_xml("<a>").is_err());
        assert!(parse_xml("<a></b>").is_err());
        assert!(parse_xml("").is_err());
    }
}
