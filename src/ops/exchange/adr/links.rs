//! Links in decision records: `Supersedes [3. Title](0003-title.md)`, `superseded by ADR-0005`.

use crate::model::ontology::SUPERSEDES;

/// A link of a record to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLink {
    /// A relationship type, or the word of the file.
    pub relation: String,
    /// Whether it leads from the other record to this one.
    pub is_incoming: bool,
    /// The name of the other file without its ending, or the text of the link.
    pub other: String,
}

impl RecordLink {
    /// Whether another record took the place of the one that has the link.
    pub fn says_replaced(&self) -> bool {
        self.is_incoming && self.relation == SUPERSEDES
    }
}

/// The words before a link, in lower case.
const RELATIONS: [(&str, &str, bool); 10] = [
    ("supersedes", "supersedes", false),
    ("supercedes", "supersedes", false),
    ("replaces", "supersedes", false),
    ("superseded by", "supersedes", true),
    ("superceded by", "supersedes", true),
    ("replaced by", "supersedes", true),
    ("amends", "amends", false),
    ("amended by", "amends", true),
    ("clarified by", "clarifies", true),
    ("refined by", "refines", true),
];

/// Reads a line such as `* Supersedes [3. Title](0003-title.md)`; `None` if it is something else.
pub fn read_link(line: &str) -> Option<RecordLink> {
    let line = line.trim().trim_start_matches(['*', '-', '+']).trim();
    let (words, target) = split_words(line)?;
    let target = target.trim().trim_end_matches('.');
    let other = link_target(target)?;
    let words = words.trim().trim_end_matches(':').to_lowercase();
    let known = RELATIONS.iter().find(|(known, ..)| *known == words);
    let (relation, is_incoming) = match known {
        Some((_, relation, is_incoming)) => ((*relation).to_owned(), *is_incoming),
        None if is_word(&words) => (words.replace(' ', "_"), false),
        None => return None,
    };
    Some(RecordLink { relation, is_incoming, other })
}

/// Splits the words from the target. MADR 2 writes `[Refines] [ADR-5](0005-x.md)`.
fn split_words(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix('[')
        && let Some((words, target)) = rest.split_once("] ")
        && !words.contains(['[', ']'])
    {
        return Some((words, target));
    }
    let lower = line.to_lowercase();
    for (words, ..) in RELATIONS {
        // Lower case may have other lengths.
        if lower.starts_with(words) && line.is_char_boundary(words.len()) {
            let (words, target) = line.split_at(words.len());
            return target
                .starts_with([' ', ':'])
                .then_some((words, target.trim_start_matches(':')));
        }
    }
    let at = line.find('[')?;
    Some(line.split_at(at))
}

/// Returns the name of the linked file without its ending, or a plain name such as `ADR-0005`.
fn link_target(target: &str) -> Option<String> {
    if let Some(rest) = target.strip_prefix('[') {
        let (text, rest) =
            rest.split_once("](").or_else(|| rest.split_once(']').map(|(text, _)| (text, "")))?;
        let address = rest.split(')').next().unwrap_or_default();
        let file = address.split(['#', '?']).next().unwrap_or_default();
        let name = file.rsplit('/').next().unwrap_or_default();
        let stem = name.strip_suffix(".md").unwrap_or(name);
        let chosen = if stem.is_empty() || address.contains("://") { text } else { stem };
        return Some(chosen.trim().to_owned()).filter(|chosen| !chosen.is_empty());
    }
    let word = target.split_whitespace().next().unwrap_or_default();
    let is_plain = target == word && word.contains(|c: char| c.is_ascii_digit());
    is_plain.then(|| word.to_owned())
}

fn is_word(words: &str) -> bool {
    let count = words.split(' ').count();
    !words.is_empty()
        && count <= 3
        && words.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'))
}

/// Returns the number in a name such as `0009-use-x`, `ADR-9` or `9. Use X`.
pub fn record_number(name: &str) -> Option<u64> {
    let name = name.trim();
    let rest = name.strip_prefix("ADR").or_else(|| name.strip_prefix("adr")).unwrap_or(name);
    let rest = rest.trim_start_matches(['-', '_', ' ', '#']);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    // A date is no number.
    let ends = after.is_empty() || after.starts_with(['-', '_', '.', ' ', ':']);
    (ends && (1..=5).contains(&digits.len())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_in_the_forms_of_the_tools() {
        for (line, relation, is_incoming, other) in [
            ("Supersedes [3. Use X](0003-use-x.md)", "supersedes", false, "0003-use-x"),
            ("Superceded by [4. Y](0004-y.md)", "supersedes", true, "0004-y"),
            ("* [Refines] [ADR-5](docs/0005-z.md#top) ", "refines", false, "0005-z"),
            ("superseded by ADR-0123", "supersedes", true, "ADR-0123"),
            ("superseded by [ADR-0005](0005-example.md).", "supersedes", true, "0005-example"),
            ("- Amended by: [ADR-7]", "amends", true, "ADR-7"),
            ("Clarifies [2. W](0002-w.md)", "clarifies", false, "0002-w"),
        ] {
            let link = read_link(line).expect(line);
            assert_eq!(
                (link.relation.as_str(), link.is_incoming, link.other.as_str()),
                (relation, is_incoming, other)
            );
        }
        for line in [
            "Accepted",
            "* Good, because [it](x.md) is",
            "supersedes nothing at all",
            "",
            "see [a]: b",
        ] {
            assert_eq!(
                read_link(line).filter(|link| link.relation == "supersedes"),
                None,
                "{line}"
            );
        }
    }

    #[test]
    fn a_record_has_the_number_of_its_file() {
        let numbers =
            ["0009-use-x", "ADR-9", "adr_0012", "9. Use X", "20200102-slug", "use-9", "9x"]
                .map(record_number);
        assert_eq!(numbers, [Some(9), Some(9), Some(12), Some(9), None, None, None]);
    }
}
