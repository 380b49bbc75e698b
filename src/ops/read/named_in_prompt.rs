//! Decides whether a prompt names something that is stored: by its handle, its uid, the name of its
//! project, or the distinctive words of its name. A client that pushes context does so only then.

use std::collections::{HashMap, HashSet};

use crate::model::handle::{Handle, HandleKind};
use crate::model::thesaurus::related_stems;
use crate::model::words::{Word, is_stop_word, split_words};
use crate::model::{Result, Status};
use crate::ops::read::search::active_in;
use crate::ops::write::projects;
use crate::store::rows::skip_unknown;
use crate::store::sqlite::search::Filter;
use crate::store::sqlite::titles::list_titles_with;
use crate::store::{self, View};

/// The rows and the project that a prompt names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedInPrompt {
    /// Names of the rows, by which a search finds them too.
    pub names: Vec<String>,
    /// The canonical name of the project.
    pub project: Option<String>,
}

/// Characters of a prompt that are read, and different words that are looked up.
const MAX_PROMPT: usize = 8_000;
const MAX_WORDS: usize = 64;
/// A word in more titles than this does not distinguish.
const MAX_TITLES: i64 = 50;
/// Maximum number of rows that are returned.
const MAX_NAMED: usize = 5;
/// Minimum letters of a word that is distinctive in spite of being in small letters.
const MIN_DISTINCTIVE: usize = 4;
/// Words between those of a name, beyond their number.
const STRETCH: usize = 8;

/// Returns what the prompt names among the rows of a project and the global ones, or of all projects.
pub fn find_named(
    view: &View<'_>,
    prompt: &str,
    project: Option<&str>,
) -> Result<Option<NamedInPrompt>> {
    let prompt: String = prompt.chars().take(MAX_PROMPT).collect();
    let words = PromptWords::new(&prompt);
    let mut names = list_by_identifier(view, &prompt)?;
    let named_project = find_project(view, &words)?;
    let scope = projects::resolve_scope(view, named_project.as_deref().or(project), false)?;
    names.extend(list_by_title(view, &words, &active_in(&scope))?);
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(MAX_NAMED);
    let is_empty = names.is_empty() && named_project.is_none();
    Ok((!is_empty).then_some(NamedInPrompt { names, project: named_project }))
}

/// The words of a prompt by their stems.
struct PromptWords {
    stems: Vec<String>,
    places: HashMap<String, Vec<usize>>,
}

impl PromptWords {
    fn new(prompt: &str) -> Self {
        let stems: Vec<String> = list_words(prompt).into_iter().map(|word| word.stem).collect();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, stem) in stems.iter().enumerate() {
            places.entry(stem.clone()).or_default().push(at);
        }
        Self { stems, places }
    }

    fn has(&self, word: &Word) -> bool {
        self.places.contains_key(&word.stem)
    }

    /// Whether the words follow each other.
    fn has_in_order(&self, words: &[Word]) -> bool {
        let is_same = |run: &[String]| run.iter().zip(words).all(|(stem, word)| *stem == word.stem);
        !words.is_empty() && self.stems.windows(words.len()).any(is_same)
    }

    /// Whether the words are near each other, in any order.
    fn has_close(&self, words: &[&Word]) -> bool {
        let places = |word: &Word| self.places.get(&word.stem).map_or(&[][..], Vec::as_slice);
        let width = words.len() + STRETCH;
        let begins = words.iter().flat_map(|word| places(word));
        begins.into_iter().any(|begin| {
            let is_near = |place: &usize| (*begin..begin + width).contains(place);
            words.iter().all(|word| places(word).iter().any(is_near))
        })
    }
}

/// Lists the whole words of a text.
fn list_words(text: &str) -> Vec<Word> {
    split_words(text).into_iter().filter(|word| !word.part).collect()
}

/// Lists the names of the rows whose handle or uid is in the prompt.
fn list_by_identifier(view: &View<'_>, prompt: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let handles = prompt.split(|c: char| !c.is_ascii_alphanumeric());
    for handle in handles.filter_map(|word| word.parse::<Handle>().ok()).take(MAX_WORDS) {
        let Some(id) = store::handles::id_of(view, &handle)? else { continue };
        names.push(match handle.kind() {
            HandleKind::Entity => {
                skip_unknown(store::entities::get(view, &id))?.map(|row| row.name)
            }
            HandleKind::Memory => {
                skip_unknown(store::memories::get(view, &id))?.map(|row| row.content)
            }
            _ => None,
        });
    }
    let mut names: Vec<String> = names.into_iter().map(Option::unwrap_or_default).collect();
    let tokens = prompt.split_whitespace().map(|word| word.trim_matches(is_edge));
    for uid in tokens.filter(|token| is_identifier(token)).take(MAX_WORDS) {
        for kind in store::uids::UID_KINDS {
            let rows = store::uids::list_rows(view, kind, uid)?;
            let active = rows.into_iter().filter(|row| row.status == Status::Active);
            names.extend(active.map(|row| row.name));
        }
    }
    Ok(names)
}

fn is_edge(c: char) -> bool {
    !c.is_alphanumeric()
}

/// Whether a text may be an identifier and no common word: it has a digit, a sign or two capitals.
fn is_identifier(token: &str) -> bool {
    let capitals = token.chars().filter(|c| c.is_uppercase()).count();
    capitals > 1 || token.chars().any(|c| !c.is_alphabetic())
}

/// Finds the first project whose name or alias is in the prompt.
fn find_project(view: &View<'_>, words: &PromptWords) -> Result<Option<String>> {
    let mut names = store::projects::all_names(view)?;
    names.extend(store::projects::names_in_use(view)?);
    for name in names {
        let of_name = list_words(&name);
        if words.has_in_order(&of_name) && (of_name.len() > 1 || !is_everyday(&of_name[0])) {
            return projects::resolve(view, &name).map(|project| Some(project.name));
        }
    }
    Ok(None)
}

/// Lists the names of entities and subjects of memories of which the prompt has the distinctive words,
/// or, where they have none, all words one after the other.
fn list_by_title(view: &View<'_>, words: &PromptWords, filter: &Filter<'_>) -> Result<Vec<String>> {
    let mut titles = TitleWords { view, filter, known: HashMap::new() };
    let mut seen = HashSet::new();
    let telling = words.stems.iter().filter(|stem| !is_stop_word(stem) && seen.insert(*stem));
    let mut found = Vec::new();
    for stem in telling.take(MAX_WORDS) {
        for title in titles.list_with(stem)?.clone() {
            if found.len() < MAX_NAMED
                && !found.contains(&title)
                && titles.is_named(&title, words)?
            {
                found.push(title);
            }
        }
    }
    Ok(found)
}

/// The titles that have a word; none if they are too many.
struct TitleWords<'v> {
    view: &'v View<'v>,
    filter: &'v Filter<'v>,
    known: HashMap<String, Vec<String>>,
}

impl TitleWords<'_> {
    fn list_with(&mut self, stem: &str) -> Result<&Vec<String>> {
        if !self.known.contains_key(stem) {
            let mut titles = list_titles_with(self.view, stem, self.filter, MAX_TITLES + 1)?;
            if titles.len() as i64 > MAX_TITLES {
                titles.clear();
            }
            self.known.insert(stem.to_owned(), titles);
        }
        Ok(&self.known[stem])
    }

    fn is_named(&mut self, title: &str, prompt: &PromptWords) -> Result<bool> {
        let words = list_words(title);
        if words.len() > 1 && prompt.has_in_order(&words) {
            return Ok(true);
        }
        let mut distinctive = Vec::new();
        for word in words.iter().filter(|word| !is_everyday(word)) {
            if !self.list_with(&word.stem)?.is_empty() {
                distinctive.push(word);
            }
        }
        Ok(!distinctive.is_empty()
            && distinctive.iter().all(|word| prompt.has(word))
            && prompt.has_close(&distinctive))
    }
}

/// Whether a word may be in a prompt about anything: a short or common word, or a bare number.
fn is_everyday(word: &Word) -> bool {
    let has_digit = word.folded.chars().any(char::is_numeric);
    let has_letter = word.folded.chars().any(char::is_alphabetic);
    let is_name = has_digit && has_letter;
    let is_short = word.folded.chars().count() < MIN_DISTINCTIVE;
    !is_name
        && (is_short
            || !has_letter
            || is_stop_word(&word.folded)
            || !related_stems(&word.folded).is_empty())
}
