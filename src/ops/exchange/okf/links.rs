//! Links between concepts: `* depends on [Title](/folder/name.md)` below a last heading, and any other in the text.

use percent_encoding::percent_decode_str;
use pulldown_cmark::{Event, Parser, Tag};

use super::names::RELATIONS;

/// Returns the path in the bundle to which an address leads; `None` for one that leads out of it.
pub fn resolve_path(from: &str, address: &str) -> Option<String> {
    let path = address.split(['#', '?']).next().unwrap_or_default();
    if path.is_empty() || path.contains("://") {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let mut parts: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect(),
    };
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Splits the links with a type from the text before them: type and address of each.
pub fn split_relations(body: &str) -> (&str, Vec<(String, String)>) {
    let heading = format!("{RELATIONS}\n");
    let at = match body.rfind(&format!("\n{heading}")) {
        Some(at) => at + 1,
        None if body.starts_with(&heading) => 0,
        None => return (body, Vec::new()),
    };
    let lines = body[at + heading.len()..].lines().filter(|line| !line.trim().is_empty());
    let links: Option<Vec<(String, String)>> = lines.map(read_relation).collect();
    match links {
        Some(links) => (body[..at].trim_end_matches('\n'), links),
        None => (body, Vec::new()),
    }
}

fn read_relation(line: &str) -> Option<(String, String)> {
    let (words, rest) = line.strip_prefix("* ")?.split_once(" [")?;
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == ' ';
    let address = rest.strip_suffix(')')?.rsplit_once("](")?.1;
    words.chars().all(is_word).then(|| (words.replace(' ', "_"), address.to_owned()))
}

/// Writes a link with its type.
pub fn write_relation(relation: &str, title: &str, path: &str) -> String {
    format!("* {} [{}](/{path})\n", relation.replace('_', " "), plain_title(title))
}

/// Returns a title that ends no link.
pub fn plain_title(title: &str) -> String {
    title.replace(['[', ']', '\\', '`', '<'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the addresses of the links in a text.
pub fn list_addresses(text: &str) -> Vec<String> {
    let address = |event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    };
    let mut addresses: Vec<String> = Parser::new(text).filter_map(address).collect();
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_path_of_the_bundle() {
        for (from, address, path) in [
            ("a/b.md", "/t/x.md", Some("t/x.md")),
            ("a/b.md", "x.md#top", Some("a/x.md")),
            ("a/b.md", "../x.md", Some("x.md")),
            ("a/b.md", "../../x.md", None),
            ("a/b.md", "https://example.org/x.md", None),
            ("a/b.md", "#top", None),
            ("b.md", "./my%20x.md", Some("my x.md")),
        ] {
            assert_eq!(resolve_path(from, address).as_deref(), path, "{from} {address}");
        }
    }

    #[test]
    fn only_a_section_of_nothing_else_has_links_with_a_type() {
        let body = "Text.\n\n# Relations\n\n* depends on [A](/a.md)\n";
        let links = vec![("depends_on".to_owned(), "/a.md".to_owned())];
        assert_eq!(split_relations(body), ("Text.", links));
        let body = "# Relations\n\n* depends on [A](/a.md)\nand more\n";
        assert_eq!(split_relations(body), (body, Vec::new()));
    }
}
