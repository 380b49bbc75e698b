//! Conditions that many statements have: on the project of a row, and on its end.

/// The condition that a column is this project, which the parameter is then; nothing is any
/// project. There is one text for each case, so that each has an index that fits it.
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

/// The condition that the entity `e` is in one of the projects, the first two at most, with its two
/// parameters `?1` and `?2`.
pub fn in_projects(projects: &[Option<String>]) -> (&'static str, &str, &str) {
    match projects {
        [Some(only)] => ("e.project IN (?1, ?2)", only, only),
        [Some(own), Some(more), ..] => ("e.project IN (?1, ?2)", own, more),
        _ => ("?1 = ?2", "", ""),
    }
}

/// The condition that a row has not expired at an instant; the column is its end, if it has one.
pub fn not_expired(column: &str, now: &str) -> String {
    format!("({column} IS NULL OR {column} = '' OR {column} >= {now})")
}
