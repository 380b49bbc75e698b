//! Files of the importer: an export is taken whole or row by row, other lines each whole or not at all,
//! and the store is whole afterwards.

use atocore::ops::exchange::format::{self, Header};
use atocore::ops::exchange::import::{self, LineImport};
use atocore::ops::exchange::import_line::{ImportLine, PASSES};
use atocore::ops::exchange::import_report::LinePlace;
use atocore::ops::exchange::restore_rows::Adoption;
use atocore::ops::exchange::validate_export::ExportValidation;
use atocore::store::{Tx, audit};

use super::world::{self, World, check_error};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let first = text.lines().next().unwrap_or_default();
    match format::parse_header(first) {
        Some(Ok(header)) => export(header, text),
        Some(Err(error)) => check_error(&error),
        None => lines(text),
    }
}

fn lines(text: &str) {
    let mut parsed = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match ImportLine::parse(line) {
            Ok(line) => parsed.push((LinePlace::Number(at + 1), line)),
            Err(error) => check_error(&error),
        }
    }
    world::with(|world| {
        world.undone(|tx| {
            let mut import = LineImport::default();
            for pass in 0..PASSES.len() {
                let of_pass = |(_, line): &&(LinePlace, ImportLine)| line.pass() == Some(pass);
                let lines: Vec<_> = parsed.iter().filter(of_pass).cloned().collect();
                check_store(tx, &lines, &mut import);
            }
            World::check(tx);
        });
    });
}

/// What is refused, or was there, leaves nothing behind.
fn check_store(tx: &Tx<'_>, lines: &[(LinePlace, ImportLine)], import: &mut LineImport) {
    let before = audited(tx);
    let made = |import: &LineImport| import.report.created.values().sum::<usize>();
    let outcomes = |import: &LineImport| {
        let existing: usize = import.report.existing.values().sum();
        made(import) + existing + import.report.refused.len()
    };
    let (made_before, outcomes_before) = (made(import), outcomes(import));
    import::store_lines(tx, lines, import).expect("no line fails the program");
    assert_eq!(outcomes(import), outcomes_before + lines.len(), "every line has an outcome");
    for refused in &import.report.refused {
        assert!(!refused.reason.is_empty() && !refused.hint.advice.is_empty(), "{refused:?}");
    }
    let made = made(import) > made_before;
    // A project may gain an alias, and a fact its project, without being new.
    let plain = |(_, line): &(LinePlace, ImportLine)| {
        !matches!(line, ImportLine::Project(_) | ImportLine::State(_))
    };
    if !made && lines.iter().all(plain) {
        assert_eq!(audited(tx), before, "nothing was made, and something changed");
    }
}

fn audited(tx: &Tx<'_>) -> i64 {
    let mut rows = 0;
    audit::for_each(tx, |_| {
        rows += 1;
        Ok(())
    })
    .expect("the audit");
    rows
}

fn export(header: Header, text: &str) {
    let lines = || text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty());
    let mut survey = ExportValidation::begin(header).expect("the layout");
    for (at, line) in lines() {
        if let Err(error) = survey.take(at + 1, line) {
            return check_error(&error);
        }
    }
    if let Err(error) = survey.finish(text.lines().count()) {
        return check_error(&error);
    }
    world::with(|world| {
        world.undone(|tx| {
            let adopted = tx.attempt(|| {
                let mut adoption = Adoption::begin(tx, &survey, false);
                lines().try_for_each(|(at, line)| adoption.take(at + 1, line))?;
                adoption.finish()
            });
            if let Err(error) = adopted {
                check_error(&error);
            }
            World::check(tx);
        });
    });
}
