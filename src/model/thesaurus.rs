//! A thesaurus of technical English, so that a search finds a text that uses a synonym.
//!
//! Each line of `thesaurus.txt` is one group of synonyms, written by hand from everyday engineering
//! language. A language model or word vectors would have to be downloaded; a list can be read and
//! corrected.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::words::{stem_word, stems_of};

static GROUPS: LazyLock<HashMap<String, HashSet<String>>> = LazyLock::new(|| {
    let mut related: HashMap<String, HashSet<String>> = HashMap::new();
    for line in include_str!("thesaurus.txt").lines() {
        let group = stems_of(line);
        for word in &group {
            let others = group.iter().filter(|other| *other != word).cloned();
            related.entry(word.clone()).or_default().extend(others);
        }
    }
    related
});

/// Returns the stems of synonyms in alphabetical order.
pub fn related_stems(folded: &str) -> Vec<&'static str> {
    let mut found: Vec<&str> =
        GROUPS.get(&stem_word(folded)).into_iter().flatten().map(String::as_str).collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_group_leads_to_the_others_whatever_its_ending() {
        assert!(related_stems("sending").contains(&"transmit"));
        assert!(related_stems("transmitted").contains(&"send"));
        assert!(related_stems("xyzzy").is_empty());
    }

    #[test]
    fn no_group_has_one_word_only_and_no_head_stands_twice() {
        let lines: Vec<&str> = include_str!("thesaurus.txt").lines().collect();
        let heads: HashSet<&str> = lines.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(heads.len(), lines.len());
        assert!(lines.iter().all(|line| line.split(' ').count() > 1));
    }
}
