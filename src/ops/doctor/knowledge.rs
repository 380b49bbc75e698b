//! The rows and their history: what is wrong in them no program can mend.

use super::{Check, RESTORE};
use crate::model::Result;
use crate::model::text::quoted;
use crate::ops::verify;
use crate::store::doctor::{
    ABSENT, DANGLING, NO_JSON, Rule, UNKNOWN_WORDS, UNRECORDED, UNSOURCED, VANISHED, unknown_types,
};
use crate::store::{View, audit, shape};

/// Characters of what a row holds that are told.
const MAX_HELD: usize = 100;
/// Rows of a remark that are told one by one.
const MOST_REMARKED: usize = 5;

/// Whether the chain holds from its first row to its last, and its guards are there.
pub fn audit_chain(view: &View<'_>, check: &mut Check) -> Result<()> {
    let report = verify::follow(view)?;
    check.looked_at = format!("{} rows, head {}", report.rows, report.head);
    if let Some(broken) = report.broken {
        let step = "nothing makes a history true again: restore a backup from before, and find out who wrote to the file";
        check.found(format!("the first row that does not fit is {broken}"), step);
    }
    if !shape::is_guarded(view)? {
        check.remark(
            "a trigger that keeps the audit append-only was dropped or replaced: see schema",
        );
    }
    Ok(())
}

/// Whether each row is what its newest audit row says.
pub fn snapshots(view: &View<'_>, check: &mut Check) -> Result<()> {
    for row in verify::differing(view)? {
        match row.strip_suffix(" is gone") {
            Some(_) => check.found(row, RESTORE),
            None => {
                let id = row.rsplit(' ').next().unwrap_or_default();
                let step = format!(
                    "`atocore audit show {id}` tells what it was: set it right with a tool, or restore a backup"
                );
                check.found(format!("{row} is not what its newest audit row says"), step);
            }
        }
    }
    for rule in &UNRECORDED {
        remark(view, rule, check)?;
    }
    Ok(())
}

/// Whether every word and every JSON text can be read.
pub fn values(view: &View<'_>, check: &mut Check) -> Result<()> {
    for rule in &UNKNOWN_WORDS {
        rule.for_each(view, |id, held| {
            let step = format!(
                "write the word that `atocore audit show {id}` has, with another SQLite program, or \
                 restore a backup"
            );
            check.found(told(rule, id, held), step);
            Ok(())
        })?;
    }
    for rule in &NO_JSON {
        rule.for_each(view, |id, held| {
            let step = "it is kept as text: a tool that changes the row writes it as JSON again";
            check.found(told(rule, id, held), step);
            Ok(())
        })?;
    }
    for (name, count) in unknown_types(view)? {
        let name = quoted(&name, MAX_HELD);
        check.remark(format!(
            "{count} rows have the type {name}, which this ontology does not have"
        ));
    }
    remark(view, &UNSOURCED, check)
}

/// Whether everything that a row names is there.
pub fn references(view: &View<'_>, check: &mut Check) -> Result<()> {
    for rule in &DANGLING {
        rule.for_each(view, |id, held| {
            check.found(told(rule, id, held), RESTORE);
            Ok(())
        })?;
    }
    for rule in &ABSENT {
        let mut elsewhere = Remarks::default();
        rule.for_each(view, |id, held| {
            let target = held.rsplit([' ', ':']).next().unwrap_or_default();
            if audit::count_of_subject(view, target)? > 0 {
                check.found(told(rule, id, held), RESTORE);
            } else {
                elsewhere.add(check, format!("{} and never was", told(rule, id, held)));
            }
            Ok(())
        })?;
        elsewhere.end(check);
    }
    VANISHED.iter().try_for_each(|rule| remark(view, rule, check))
}

fn told(rule: &Rule, id: &str, held: &str) -> String {
    format!("{} {id} {}", rule.kind, rule.says.replace("{}", &quoted(held, MAX_HELD)))
}

/// Tells what is worth knowing of the rows of a rule.
fn remark(view: &View<'_>, rule: &Rule, check: &mut Check) -> Result<()> {
    let mut remarks = Remarks::default();
    rule.for_each(view, |id, held| {
        remarks.add(check, told(rule, id, held));
        Ok(())
    })?;
    remarks.end(check);
    Ok(())
}

/// Tells the first rows of what is worth knowing, and how many there are beside them.
#[derive(Default)]
struct Remarks(usize);

impl Remarks {
    fn add(&mut self, check: &mut Check, what: String) {
        self.0 += 1;
        if self.0 <= MOST_REMARKED {
            check.remark(what);
        }
    }

    fn end(self, check: &mut Check) {
        if self.0 > MOST_REMARKED {
            check.remark(format!("and {} more rows like that", self.0 - MOST_REMARKED));
        }
    }
}
