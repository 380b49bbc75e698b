//! Tokenisation for search, reinforcement and the context pack: words are folded to lower case
//! without accents, and stemmed (Snowball's English stemmer).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

static ENGLISH: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Maximum size of a thread's stem cache: a few words make up most of every text.
const MAX_STEMS: usize = 10_000;
/// Maximum length in bytes of a cached word.
const MAX_REMEMBERED: usize = 40;

thread_local! {
    static STEMS: RefCell<HashMap<String, String>> = RefCell::default();
}

/// A word or a part of one, with its position in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub stem: String,
    /// The word as written, folded but not stemmed, for prefix matches.
    pub folded: String,
    /// Byte offset in the text.
    pub start: usize,
    pub end: usize,
    /// Whether it is only a part of the word as written: `Tlm` of `TlmChan`.
    pub part: bool,
}

/// Splits a text into words in order. A name such as `TlmChan` or `M6x20` gives the whole and then
/// its parts; in scripts without spaces each letter is a word.
pub fn split_words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    for (start, run) in split_runs(text) {
        found.push(new_word(run, start, false));
        if run.bytes().all(|byte| byte.is_ascii_lowercase()) {
            continue;
        }
        let parts = split_parts(run);
        if parts.len() > 1 {
            let part = |(at, part): &(usize, &str)| new_word(part, start + at, true);
            found.extend(parts.iter().map(part));
        }
    }
    found.retain(|word| !word.stem.is_empty());
    found
}

/// Words without meaning of their own. `no` and `not` are deliberately not included.
static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "a about after all also am an and any are as at be because been before being between both but \
     by can could did do does each for from had has have he her here his how i if in into is it \
     its may me might more most must my of on one only or other our over s shall she should so \
     some such than that the their them then there these they this those through to too under up \
     us very was we were what when where which while who whose why will with would you your"
        .split_whitespace()
        .collect()
});

/// Whether a folded word is a stop word.
pub fn is_stop_word(folded: &str) -> bool {
    STOP_WORDS.contains(folded)
}

/// Returns the stems of a text without stop words, deduplicated, in order of first occurrence.
pub fn stems_of(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let telling =
        split_words(text).into_iter().filter(|word| !word.part && !is_stop_word(&word.folded));
    telling.map(|word| word.stem).filter(|stem| seen.insert(stem.clone())).collect()
}

/// Returns the stems of a text without its digits, in alphabetical order: texts that differ in
/// numbers, case, punctuation or the order of their words have the same.
pub fn stems_without_numbers(text: &str) -> Vec<String> {
    let mut stems = stems_of(&text.replace(char::is_numeric, " "));
    stems.sort_unstable();
    stems
}

/// Whether two texts have the same words, in any order, and other numbers.
pub fn differ_only_in_numbers(one: &str, other: &str) -> bool {
    numbers_of(one) != numbers_of(other)
        && stems_without_numbers(one) == stems_without_numbers(other)
}

/// Returns the numbers of a text as written, in alphabetical order.
fn numbers_of(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_digit = |at: usize| chars.get(at).is_some_and(|c| c.is_numeric());
    let mut numbers: Vec<String> = Vec::new();
    for (at, c) in chars.iter().enumerate() {
        let goes_on = at > 0 && is_digit(at - 1);
        let is_mark = matches!(c, '.' | ',') && goes_on && is_digit(at + 1);
        let after_mark = at > 1 && matches!(chars[at - 1], '.' | ',') && is_digit(at - 2);
        match numbers.last_mut().filter(|_| goes_on || after_mark) {
            Some(number) if is_digit(at) || is_mark => number.push(*c),
            _ if is_digit(at) => {
                let is_minus = at > 0 && matches!(chars[at - 1], '-' | '\u{2212}');
                let is_sign = is_minus && (at == 1 || !chars[at - 2].is_alphanumeric());
                numbers.push(format!("{}{c}", if is_sign { "-" } else { "" }));
            }
            _ => {}
        }
    }
    numbers.sort_unstable();
    numbers
}

fn new_word(text: &str, start: usize, part: bool) -> Word {
    let folded = fold_text(text);
    Word { stem: stem_word(&folded), folded, start, end: start + text.len(), part }
}

/// Folds case (full case folding: ß is ss), without accents and other marks, with compatibility forms
/// normalised (NFKD).
pub fn fold_text(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    let folded = UniCase::unicode(plain).to_folded_case();
    folded.nfkd().filter(|c| !is_combining_mark(*c) && c.is_alphanumeric()).collect()
}

/// Stems a folded word. A word with a digit is a name and is not stemmed.
pub fn stem_word(folded: &str) -> String {
    if folded.len() < 3 || folded.bytes().any(|byte| byte.is_ascii_digit()) {
        return folded.to_owned();
    }
    if folded.len() > MAX_REMEMBERED {
        return ENGLISH.stem(folded).into_owned();
    }
    STEMS.with_borrow_mut(|known| {
        if let Some(stem) = known.get(folded) {
            return stem.clone();
        }
        if known.len() == MAX_STEMS {
            known.clear();
        }
        let stem = ENGLISH.stem(folded).into_owned();
        known.insert(folded.to_owned(), stem.clone());
        stem
    })
}

/// Splits a text into runs of letters and digits, with their byte offsets.
fn split_runs(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, c) in text.char_indices() {
        let alone = is_word_by_itself(c);
        if alone || !(c.is_alphanumeric() || is_combining_mark(c)) {
            found.extend(open.take().map(|start: usize| (start, &text[start..at])));
        } else if open.is_none() {
            open = Some(at);
        }
        if alone {
            found.push((at, &text[at..at + c.len_utf8()]));
        }
    }
    found.extend(open.map(|start| (start, &text[start..])));
    found
}

/// Whether a letter is of a script written without spaces: Chinese, Japanese, Thai, Lao, Khmer,
/// Burmese.
fn is_word_by_itself(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
        && c.is_alphanumeric()
}

/// Splits a run where case changes or digits begin or end: `TlmChan`, `HTTPServer`, `M6x20`.
fn split_parts(run: &str) -> Vec<(usize, &str)> {
    let chars: Vec<(usize, char)> = run.char_indices().collect();
    let mut cuts = vec![0];
    for at in 1..chars.len() {
        let (before, here) = (chars[at - 1].1, chars[at].1);
        let after = chars.get(at + 1).map(|(_, c)| *c);
        let hump = before.is_lowercase() && here.is_uppercase();
        let acronym_ends =
            before.is_uppercase() && here.is_uppercase() && after.is_some_and(char::is_lowercase);
        if hump || acronym_ends || before.is_numeric() != here.is_numeric() {
            cuts.push(chars[at].0);
        }
    }
    cuts.push(run.len());
    cuts.windows(2).map(|pair| (pair[0], &run[pair[0]..pair[1]])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        split_words(text).into_iter().map(|word| word.stem).collect()
    }

    #[test]
    fn names_are_found_whole_and_in_parts() {
        assert_eq!(all("Svc::TlmChan"), ["svc", "tlmchan", "tlm", "chan"]);
        assert_eq!(all("M6x20"), ["m6x20", "m", "6", "x", "20"]);
        assert_eq!(all("FH-002"), ["fh", "002"]);
        assert_eq!(all("HTTPServer"), ["httpserver", "http", "server"]);
    }

    #[test]
    fn case_accents_endings_and_forms_do_not_matter() {
        assert_eq!(all("Überhöhte MESSAGES ﬁle"), all("uberhohte message file"));
        assert_eq!(stems_of("sending sends send"), ["send"]);
    }

    #[test]
    fn case_is_folded_in_full() {
        assert_eq!(all("Straße"), all("STRASSE"));
        assert_eq!(all("ΣΊΣΥΦΟΣ"), all("σίσυφος"));
        assert_eq!(all("İstanbul"), all("istanbul"));
    }

    #[test]
    fn stems_leave_out_what_only_holds_a_sentence_together() {
        assert_eq!(stems_of("The mirror is not to be coated"), ["mirror", "not", "coat"]);
        assert_eq!(stems_of("It is what it is."), [""; 0]);
    }

    #[test]
    fn texts_are_compared_without_numbers_case_punctuation_and_order() {
        let one = "The pump needs 3 bar of inlet pressure.";
        for same in
            ["inlet pressure: the PUMP needs 3 bar", "The pump needs 3bar of inlet-pressure"]
        {
            assert_eq!(stems_without_numbers(one), stems_without_numbers(same), "{same}");
            assert!(!differ_only_in_numbers(one, same), "{same}");
        }
        for (a, b) in
            [("3 bar", "4 bar"), ("20 °C", "-20 °C"), ("3.2 kg", "2.3 kg"), ("M6x20", "M6x25")]
        {
            assert!(differ_only_in_numbers(a, b), "{a} {b}");
        }
        for (a, b) in
            [("3 to 5 bar", "5 bar to 3 bar"), ("\u{2212}3 V", "-3 V"), ("3 bar", "4 psi")]
        {
            assert!(!differ_only_in_numbers(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_script_without_spaces_gives_its_letters() {
        assert_eq!(all("鏡面 a"), ["鏡", "面", "a"]);
    }

    #[test]
    fn each_word_says_where_it_stands() {
        let text = "ä TlmChan";
        let found = split_words(text);
        let shown: Vec<&str> = found.iter().map(|word| &text[word.start..word.end]).collect();
        assert_eq!(shown, ["ä", "TlmChan", "Tlm", "Chan"]);
    }
}
