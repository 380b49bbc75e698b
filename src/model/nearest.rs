//! The names that are nearest to a text: first those that have it as their words, then those with a
//! similar spelling.

use super::text::look_alike;
use super::words::split_words;

/// Maximum length in characters of a text that is compared with names.
const MAX_COMPARED: usize = 500;
/// Maximum number of names in a suggestion.
const MAX_NAMES: usize = 3;
/// Least similarity (Jaro-Winkler) of a name with another spelling.
const MIN_SIMILARITY: f64 = 0.75;

/// How a name has the words of a text, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameFit {
    /// The last word of the text only begins a word of the name.
    Unfinished,
    /// Every word, in some order.
    AllWords,
    /// All words one after the other.
    Contained,
    /// The name begins with the words.
    Beginning,
}

/// Decides how a name has the words of a text, if it has them.
pub fn fit_name(given: &str, name: &str) -> Option<NameFit> {
    let (given, name) = (list_words(given), list_words(name));
    let (last, others) = given.split_last()?;
    let has = |word: &String| name.contains(word);
    if name.starts_with(&given) {
        Some(NameFit::Beginning)
    } else if name.windows(given.len()).any(|words| words == given) {
        Some(NameFit::Contained)
    } else if given.iter().all(has) {
        Some(NameFit::AllWords)
    } else if others.iter().all(has) && name.iter().any(|word| word.starts_with(last)) {
        Some(NameFit::Unfinished)
    } else {
        None
    }
}

fn list_words(text: &str) -> Vec<String> {
    split_words(text).into_iter().filter(|word| !word.part).map(|word| word.folded).collect()
}

/// Returns the up to three of `names` that are nearest to `given`, best first.
pub fn nearest_names(given: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    if given.chars().count() > MAX_COMPARED {
        return Vec::new();
    }
    let lower = given.to_lowercase();
    let mut scored: Vec<(Option<NameFit>, f64, String)> = names
        .into_iter()
        .map(|name| {
            let similarity = match look_alike(&lower, &name) {
                true => 1.0,
                false => strsim::jaro_winkler(&lower, &name.to_lowercase()),
            };
            (fit_name(given, &name), similarity, name)
        })
        .filter(|(fit, similarity, _)| fit.is_some() || *similarity >= MIN_SIMILARITY)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then_with(|| a.2.cmp(&b.2)));
    scored.dedup_by(|a, b| a.2 == b.2);
    scored.into_iter().take(MAX_NAMES).map(|(.., name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_the_words_comes_before_one_that_looks_like_them() {
        let names = ["SDOC-SRS-10 macOS", "SDOC-SRS-12 GitHub", "SDOC-SRS-20 SDoc markup language"];
        let nearest = |given: &str| nearest_names(given, names.map(str::to_owned));
        assert_eq!(nearest("SDOC-SRS-20")[0], "SDOC-SRS-20 SDoc markup language");
        assert_eq!(nearest("markup language"), ["SDOC-SRS-20 SDoc markup language"]);
        assert_eq!(nearest("github")[0], "SDOC-SRS-12 GitHub");
        assert_eq!(nearest("SDOC-SRS-1").len(), 3);
        assert_eq!(nearest("mark")[0], "SDOC-SRS-20 SDoc markup language");
        assert_eq!(nearest("nothing of it"), [""; 0]);
        let types = ["decision", "component"];
        let nearest_type = |given: &str| nearest_names(given, types.map(str::to_owned));
        assert_eq!(nearest_type("person"), [""; 0]);
        assert_eq!(nearest_type("componnet"), ["component"]);
        assert_eq!(nearest_names("раусе", ["lynx".to_owned(), "payce".to_owned()]), ["payce"]);
    }

    #[test]
    fn a_number_is_not_the_beginning_of_another_number() {
        assert_eq!(fit_name("REQ-1", "REQ-10 Mass"), Some(NameFit::Unfinished));
        assert_eq!(fit_name("REQ-1", "REQ-1 Mass"), Some(NameFit::Beginning));
        assert_eq!(fit_name("mass of it", "REQ-1 Mass"), None);
        assert_eq!(fit_name("mirror", "Primary mirror"), Some(NameFit::Contained));
        assert_eq!(fit_name("mirror primary", "Primary mirror"), Some(NameFit::AllWords));
        assert_eq!(fit_name(" ", "Primary mirror"), None);
    }
}
