//! Documents: any bytes are a text or refused, and a text is cut into passages that hold all of it.

use atocore::model::passages::{self, MAX};
use atocore::model::{DocType, markdown, markup};
use atocore::ops::sources::decode::decode;

pub fn run(data: &[u8]) {
    let Ok(text) = decode(data) else { return };
    assert!(!text.contains('\r') && !text.contains('\0'), "ends of lines are one");
    for doc_type in [DocType::Markdown, DocType::Text] {
        check(doc_type, &text);
    }
    for section in markdown::outline_markdown(&text).sections {
        assert!(text.get(section.range).is_some(), "sections end between characters");
    }
    let inline = markup::inline_text(&text, MAX);
    assert!(!inline.contains('\n'), "{inline:?}");
}

fn check(doc_type: DocType, text: &str) {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let (title, passages) = passages::split_passages(doc_type, text);
    assert!(title.is_none_or(|title| !title.trim().is_empty()), "a title says something");
    let joined: String = passages.iter().map(|passage| plain(&passage.content)).collect();
    assert_eq!(joined, plain(text), "nothing is lost, doubled or moved");
    for passage in &passages {
        assert!(passage.content.chars().count() <= MAX, "{passage:?}");
        assert!(!passage.content.trim().is_empty());
        let line = text.split('\n').nth(passage.line - 1).expect("a line");
        let first = passage.content.split('\n').next().expect("a line");
        assert!(line.contains(first), "{} is where {first:?} begins", passage.line);
    }
}
