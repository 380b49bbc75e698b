//! Sessions of the page: a person opens a one-time link, or gives a token, and gets a cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::access_tokens::random_text;
use crate::model::hash::digest;
use crate::model::{Result, Role};

/// The name of the cookie.
pub const SESSION_COOKIE: &str = "atocore_session";
/// How long a session lasts.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// How long a notice is shown.
const NOTICE: Duration = Duration::from_secs(5);
/// Maximum open sessions; the oldest ends for a new one.
const MAX_SESSIONS: usize = 1_000;

/// A person at the page.
#[derive(Debug)]
pub struct WebSession {
    pub person: String,
    pub role: Role,
    /// The name of the token that began it; empty for a link.
    pub token: String,
    /// Part of every form of the session's pages.
    pub form_key: String,
    pub progress: Mutex<ReviewProgress>,
    begun: Instant,
}

/// The decisions of a session so far.
#[derive(Debug, Clone, Default)]
pub struct ReviewProgress {
    pub decided: usize,
    /// The outcome of the last form, on the pages of the next seconds.
    pub notice: String,
    /// Whether the form was refused.
    pub failed: bool,
    noticed: Option<Instant>,
    /// The operation of the last decision, which can be undone.
    pub operation: String,
    /// The rows that it decided about.
    pub undoable: usize,
}

impl WebSession {
    pub fn new(person: &str, role: Role, token: &str) -> Result<Self> {
        let (progress, begun) = (Mutex::default(), Instant::now());
        let (person, token) = (person.to_owned(), token.to_owned());
        Ok(Self { person, role, token, form_key: random_text()?, progress, begun })
    }

    /// Changes the progress with the outcome of a form.
    pub fn change_progress(&self, change: impl FnOnce(&mut ReviewProgress)) {
        let mut progress = lock_mutex(&self.progress);
        change(&mut progress);
        progress.noticed = Some(Instant::now());
    }

    /// Returns the progress, with its notice if that is new. The page is also read in the background,
    /// so reading it does not take the notice.
    pub fn read_progress(&self) -> ReviewProgress {
        let mut shown = lock_mutex(&self.progress).clone();
        if shown.noticed.is_none_or(|noticed| noticed.elapsed() > NOTICE) {
            shown.notice.clear();
        }
        shown
    }
}

/// The open sessions, and the link that begins one.
#[derive(Debug, Default)]
pub struct Sessions {
    /// By the digest of the cookie.
    open: Mutex<HashMap<String, Arc<WebSession>>>,
    /// The digest of the code of the one-time link, and the person it is for.
    link: Mutex<Option<(String, String)>>,
}

impl Sessions {
    /// Makes the code of a link that begins one session of a person.
    pub fn make_link(&self, person: &str) -> Result<String> {
        let code = random_text()?;
        *lock_mutex(&self.link) = Some((digest(&code), person.to_owned()));
        Ok(code)
    }

    /// Begins the session of a link's code; returns the cookie. `None` if the code is wrong or used.
    pub fn begin_by_link(&self, code: &str) -> Result<Option<String>> {
        let mut link = lock_mutex(&self.link);
        if link.as_ref().is_none_or(|(expected, _)| *expected != digest(code)) {
            return Ok(None);
        }
        let person = link.take().map(|(_, person)| person).unwrap_or_default();
        drop(link);
        self.begin(WebSession::new(&person, Role::Review, "")?).map(Some)
    }

    /// Begins the session of a token; returns the cookie.
    pub fn begin_by_token(&self, name: &str, role: Role) -> Result<String> {
        self.begin(WebSession::new(name, role, name)?)
    }

    fn begin(&self, session: WebSession) -> Result<String> {
        let cookie = random_text()?;
        let mut open = lock_mutex(&self.open);
        open.retain(|_, session| session.begun.elapsed() < LIFETIME);
        while open.len() >= MAX_SESSIONS {
            let oldest = open.iter().min_by_key(|(_, session)| session.begun);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            open.remove(&key);
        }
        open.insert(digest(&cookie), Arc::new(session));
        Ok(cookie)
    }

    pub fn find(&self, cookie: &str) -> Option<Arc<WebSession>> {
        let open = lock_mutex(&self.open);
        open.get(&digest(cookie)).filter(|session| session.begun.elapsed() < LIFETIME).cloned()
    }

    pub fn end(&self, cookie: &str) {
        lock_mutex(&self.open).remove(&digest(cookie));
    }
}

fn lock_mutex<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_begins_one_session() {
        let sessions = Sessions::default();
        let code = sessions.make_link("ada").expect("a code");
        assert_eq!(sessions.begin_by_link("wrong"), Ok(None));
        let cookie = sessions.begin_by_link(&code).expect("a session").expect("a cookie");
        assert_eq!(sessions.begin_by_link(&code), Ok(None), "it was used");
        assert_eq!(sessions.find(&cookie).expect("a session").person, "ada");
        sessions.end(&cookie);
        assert!(sessions.find(&cookie).is_none());
    }
}
