//! SQL conditions shared by many statements: on the project and on the expiry of a row.

/// Returns the condition that a column is this project, and its parameter; `None` matches any
/// project. Each case has its own SQL text, so that each can use a suitable index.
pub fn in_project<'p>(
    column: &str,
    parameter: &str,
    project: Option<&'p str>,
) -> (String, &'p str) {
    match project {
        Some(project) => (format!("{column} = {parameter}"), project),
        None => (format!("{parameter} = ''"), ""),
    }
}

/// Returns the condition that the entity `e` is in one of the first two projects, with its two
/// parameters `?1` and `?2`.
pub fn in_projects(projects: &[Option<String>]) -> (&'static str, &str, &str) {
    match projects {
        [Some(only)] => ("e.project IN (?1, ?2)", only, only),
        [Some(own), Some(more), ..] => ("e.project IN (?1, ?2)", own, more),
        _ => ("?1 = ?2", "", ""),
    }
}

/// Returns the condition that a row has not expired at an instant; the column may be NULL or empty
/// for no expiry.
pub fn not_expired(column: &str, now: &str) -> String {
    format!("({column} IS NULL OR {column} = '' OR {column} >= {now})")
}
