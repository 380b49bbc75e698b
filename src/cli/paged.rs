//! Lists for a person: of one project or of all, page by page until the end or until nobody reads
//! any more.

use super::{Cli, out};
use crate::mcp::rows::unregistered_line;
use crate::model::{List, Page, PageRequest, Result};
use crate::ops::projects::{self, Scope};
use crate::store::View;

/// Shows every row of a list; gives how many there are.
pub fn show<T>(
    cli: &Cli,
    project: Option<&str>,
    list: List,
    find: impl Fn(&View<'_>, &Scope, &PageRequest) -> Result<Page<T>>,
    show: impl Fn(&T),
) -> Result<i64> {
    let db = cli.open_existing()?;
    if let Some(given) = project {
        let project = db.read(|view| projects::resolve(view, given))?;
        unregistered_line(&project).iter().for_each(out::line);
    }
    let mut cursor: Option<String> = None;
    loop {
        let page = PageRequest::new(list, Some(200), cursor.as_deref())?;
        let found = db.read(|view| find(view, &projects::scope(view, project, false)?, &page))?;
        found.items.iter().for_each(&show);
        cursor = found.next_cursor;
        if cursor.is_none() || out::is_closed() {
            return Ok(found.total);
        }
    }
}
