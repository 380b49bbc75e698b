//! Words that say nearly the same in technical English: how a reader's word finds the writer's.
//!
//! One group of words a line in `thesaurus.txt`, written by hand from everyday engineering language.
//! A language model or word vectors would have to be downloaded; a list can be read and corrected.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::words::{stem, stems};

static GROUPS: LazyLock<HashMap<String, HashSet<String>>> = LazyLock::new(|| {
    let mut related: HashMap<String, HashSet<String>> = HashMap::new();
    for line in include_str!("thesaurus.txt").lines() {
        let group = stems(line);
        for word in &group {
            let others = group.iter().filter(|other| *other != word).cloned();
            related.entry(word.clone()).or_default().extend(others);
        }
    }
    related
});

/// Words of the question and its answer that carry nothing of what is asked.
const FUNCTION_WORDS: &str = "a about after again all also an and another any anyone anything are as \
    at be because been before being between both but by came can come comes could did do does doing \
    done down during each either else even ever every everything few for from gave get gets give \
    gives go goes got had happen happens has have having he her here him his how i if in into is it \
    its itself just keep keeps kind know less let lets like made make makes many may me might mine \
    more most much must my need needed needs neither no nobody nor not nothing of off often on once \
    one ones only onto or other our out over own part place please put same say shall she should so \
    some somebody someone something sort still such take takes tell than that the their them then \
    there these they thing things this those through to too under until up upon us use used using \
    very want was way ways we were what when where whether which while who whom whose why will with \
    without would yet you your";

static FUNCTION: LazyLock<HashSet<&str>> =
    LazyLock::new(|| FUNCTION_WORDS.split_whitespace().collect());

/// Whether a folded word only holds a sentence together.
pub fn is_function_word(folded: &str) -> bool {
    FUNCTION.contains(folded)
}

/// Stems of words that say nearly the same, in the order of the alphabet.
pub fn related(folded: &str) -> Vec<&'static str> {
    let mut found: Vec<&str> =
        GROUPS.get(&stem(folded)).into_iter().flatten().map(String::as_str).collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_group_leads_to_the_others_whatever_its_ending() {
        assert!(related("sending").contains(&"transmit"));
        assert!(related("transmitted").contains(&"send"));
        assert!(related("xyzzy").is_empty());
    }

    #[test]
    fn no_group_has_one_word_only_and_no_head_stands_twice() {
        let lines: Vec<&str> = include_str!("thesaurus.txt").lines().collect();
        let heads: HashSet<&str> = lines.iter().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(heads.len(), lines.len());
        assert!(lines.iter().all(|line| line.split(' ').count() > 1));
    }
}
