//! Paths of options and variables. A client's configuration has no shell that would replace `~` and
//! `$HOME`, so `~/` is expanded here, and a path with something that nobody replaced is refused: it
//! would make a folder of that name, and an empty store in it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValue, TypedValueParser};

/// Parses a path; an empty one, such as that of an empty variable, counts as not given.
pub fn path_parser() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|given| expand_path(&given))
}

/// Parses a value for which the empty text, such as that of an empty variable, means the default.
#[derive(Clone)]
pub struct EmptyIsUnset<P>(pub P);

impl<P: TypedValueParser> TypedValueParser for EmptyIsUnset<P>
where
    P::Value: Default,
{
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        if value.is_empty() {
            return Ok(P::Value::default());
        }
        self.0.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// Expands `~/` at the beginning of a path. An error says what has to be written instead.
pub fn expand_path(given: &OsStr) -> Result<PathBuf, String> {
    let Some(text) = given.to_str() else { return Ok(PathBuf::from(given)) };
    if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        return Err("the quotes belong to the path here; leave them out".to_owned());
    }
    if let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| is_word(scheme)) {
        return Err(format!("it is an address ({scheme}://); write the path of a file"));
    }
    if let Some(variable) = find_variable(text) {
        return Err(format!(
            "nobody has replaced {variable}; write the path itself (~/ at its beginning is your home \
             folder)"
        ));
    }
    match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', std::path::MAIN_SEPARATOR]) => {
            let folders = directories::BaseDirs::new();
            let home = folders.ok_or("this user has no home folder; write the path without ~")?;
            let rest = rest.trim_start_matches(['/', std::path::MAIN_SEPARATOR]);
            Ok(home.home_dir().join(rest))
        }
        Some(rest) if !rest.starts_with(['.', '-', '~']) && text.contains('/') => {
            Err("the home folder of another user is not known here; write its path".to_owned())
        }
        _ => Ok(PathBuf::from(given)),
    }
}

/// Returns a variable of a shell or of a configuration file in a text: `$NAME`, `${…}` or `%NAME%`.
fn find_variable(text: &str) -> Option<&str> {
    for (at, sign) in text.match_indices(['$', '%']) {
        let rest = &text[at + 1..];
        let name =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let length = match sign {
            "$" if rest.starts_with('{') => rest.find('}').map(|end| end + 1),
            "$" if named => Some(name),
            "%" if named && rest[name..].starts_with('%') => Some(name + 1),
            _ => None,
        };
        if let Some(length) = length {
            return Some(&text[at..=at + length]);
        }
    }
    None
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Returns the paths of a variable that lists them as `PATH` does.
pub fn split_variable(name: &'static str, list: &OsString) -> crate::model::Result<Vec<PathBuf>> {
    let expand = |path: PathBuf| {
        expand_path(path.as_os_str()).map_err(|problem| {
            let problem = format!("{}: {problem}", path.display());
            crate::model::Error::invalid(name, problem, "Correct the variable.")
        })
    };
    std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).map(expand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        expand_path(OsStr::new(text)).map(|path| path.display().to_string())
    }

    #[test]
    fn only_a_leading_tilde_is_expanded() {
        let home = directories::BaseDirs::new().expect("a home folder").home_dir().to_owned();
        assert_eq!(expanded("~/a/b.db"), Ok(home.join("a/b.db").display().to_string()));
        assert_eq!(expanded("~"), Ok(home.join("").display().to_string()));
        for plain in [
            "",
            "-",
            "a.db",
            "/x/~/y.db",
            "./~/x.db",
            "a~.db",
            "~a.db",
            "~backup",
            "costs 5$.db",
            "100%.db",
            "50%-60%.db",
            "a:b.db",
            "C:/x.db",
            "/dev/fd/63",
            "$5/a.db",
            "it's here/x.db",
        ] {
            assert_eq!(expanded(plain).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn what_nobody_replaced_is_refused() {
        for (given, named) in [
            ("$HOME/x.db", "$HOME;"),
            ("/x/${HOME}/x.db", "${HOME};"),
            ("${user_config.db}", "${user_config.db};"),
            ("%APPDATA%/x.db", "%APPDATA%;"),
            ("$x", "$x;"),
            ("file:///x.db", "(file://)"),
            ("sqlite://x.db", "(sqlite://)"),
            ("\"x.db\"", "quotes"),
            ("'x.db'", "quotes"),
            ("~ada/x.db", "another user"),
        ] {
            let problem = expanded(given).expect_err(given);
            assert!(problem.contains(named), "{given}: {problem}");
        }
    }
}
