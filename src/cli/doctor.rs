//! `atocore doctor`: looks the whole file over, and mends what is derived if asked.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::next_step::render_hint;
use super::{Cli, out, print_error, report_upgrade};
use crate::app::{Reader, SchemaStage};
use crate::model::{Error, Result, StorageProblem};
use crate::ops;
use crate::ops::doctor::{self, Check, Report};

/// The codes of the exit: nothing is wrong, something is, nobody could look.
const CLEAN: u8 = 0;
const FINDINGS: u8 = 1;
const NOT_LOOKED_AT: u8 = 2;

/// How often what is derived is mended: a table that was not there is made first and filled then.
const ROUNDS: usize = 3;

#[derive(Args)]
pub struct Doctor {
    /// Mend what is derived from the rows: claims, search index, places of the audit, indexes, triggers and the conflicts that follow; never knowledge
    #[arg(long)]
    fix: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(cli: &Cli, wish: &Doctor) -> ExitCode {
    ExitCode::from(examine(cli, wish).unwrap_or_else(|error| {
        if wish.json {
            let (code, message, hint) = (error.code(), error.to_string(), render_hint(&error));
            out::json(&json!({ "error": { "code": code, "message": message, "hint": hint } }));
        } else {
            print_error(&error);
        }
        NOT_LOOKED_AT
    }))
}

fn examine(cli: &Cli, wish: &Doctor) -> Result<u8> {
    cli.refuse_missing()?;
    let mut report = look(cli, wish)?;
    let mut mended = Vec::new();
    for _ in 0..ROUNDS {
        if !wish.fix || report.is_damaged() || report.fixes().is_empty() {
            break;
        }
        let done = mend(cli, &report)?;
        for what in &done {
            line(wish, format!("mended: {what}"));
        }
        if done.is_empty() {
            break;
        }
        mended.extend(done);
        line(wish, "looking again");
        report = look(cli, wish)?;
    }
    conclude(wish, &report, &mended);
    Ok(if report.findings() == 0 { CLEAN } else { FINDINGS })
}

/// Looks at everything, without writing.
fn look(cli: &Cli, wish: &Doctor) -> Result<Report> {
    let reader = Reader::open_as_it_is(cli.settings()?)?;
    let show = |check: &Check| {
        if !wish.json {
            print(check);
        }
    };
    let stage = match reader.stage() {
        Err(error) if error.is_damage() => {
            let report = doctor::unreadable(reader.lengths(), &error);
            report.checks.iter().for_each(show);
            return Ok(report);
        }
        Ok(SchemaStage::Empty) => {
            return Err(Error::storage(
                StorageProblem::NotAStore,
                "the file is empty: there is no store in it".to_owned(),
                "Name a store with --db or ATOCORE_DB.",
            ));
        }
        stage => stage?,
    };
    reader.read(|view| doctor::examine(view, stage, reader.lengths(), show))
}

/// Mends what can be derived again, each part in a write of its own, so that one which cannot be
/// mended keeps no other from it. Gives what was mended.
fn mend(cli: &Cli, report: &Report) -> Result<Vec<String>> {
    let (db, upgrade) = ops::open(cli.settings()?)?;
    let mut mended = Vec::new();
    if let Some(upgrade) = upgrade {
        report_upgrade(&db, &upgrade)?;
        mended.push("the schema of an older file".to_owned());
    }
    db.expect_many_rows()?;
    for topic in report.fixes() {
        match ops::write(&db, "doctor", "doctor", |tx| doctor::mend(tx, topic)) {
            Err(Error::Busy) => return Err(Error::Busy),
            Err(error) => out::error_line(format!("not mended: {}: {error}", topic.as_str())),
            Ok(done) => mended.extend(done.value),
        }
    }
    Ok(mended)
}

fn line(wish: &Doctor, text: impl AsRef<str>) {
    if !wish.json {
        out::line(text);
    }
}

fn print(check: &Check) {
    let outcome = if check.is_clean() { "ok   " } else { "FOUND" };
    let mut head = format!("{outcome} {}", check.topic.as_str());
    if !check.looked_at.is_empty() {
        head.push_str(&format!(": {}", check.looked_at));
    }
    out::line(head);
    for finding in &check.findings {
        out::line(format!("  {}", finding.what));
        out::line(format!("    to mend it: {}", finding.mend));
    }
    if check.count > check.findings.len() {
        out::line(format!("  and {} more", check.count - check.findings.len()));
    }
    for remark in &check.remarks {
        out::line(format!("  remark: {remark}"));
    }
}

fn conclude(wish: &Doctor, report: &Report, mended: &[String]) {
    let (findings, remarks) = (report.findings(), report.remarks());
    if wish.json {
        out::json(&json!({
            "ok": findings == 0,
            "findings": findings,
            "remarks": remarks,
            "mended": mended,
            "checks": report.checks,
        }));
        return;
    }
    if wish.fix && report.is_damaged() {
        out::line("nothing is mended in a damaged file");
    }
    let remarks = counted(remarks, "remark");
    out::line(match findings {
        0 => format!("nothing is wrong; {remarks}"),
        _ => format!("{}, {remarks}", counted(findings, "finding")),
    });
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
