//! `atocore doctor`: checks the whole file, and repairs derived data on request.

mod wording;

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use self::wording::{word_extent, word_finding, word_remark, word_remedy, word_repair};
use super::next_step::{print_error, render_hint};
use super::options::{Cli, report_upgrade};
use super::out;
use crate::app::Reader;
use crate::model::{Error, Result, StorageProblem};
use crate::ops;
use crate::ops::maintain::doctor::{self, Check, DoctorReport, Finding, Repair, SchemaStage};
use crate::ops::record::actor;

/// Exit codes: no findings, findings, the checks could not run.
const CLEAN: u8 = 0;
const FINDINGS: u8 = 1;
const NOT_LOOKED_AT: u8 = 2;

/// Maximum repair rounds: a missing table is created in one round and filled in the next.
const ROUNDS: usize = 3;

#[derive(Args)]
pub struct Doctor {
    /// Repair derived data: claims, search index, audit rows by project, indexes, triggers and the
    /// resulting conflicts; never stored knowledge
    #[arg(long)]
    fix: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(cli: &Cli, wish: &Doctor) -> ExitCode {
    ExitCode::from(run_checks(cli, wish).unwrap_or_else(|error| {
        if wish.json {
            let (code, message, hint) = (error.code(), error.to_string(), render_hint(&error));
            out::print_json(
                &json!({ "error": { "code": code, "message": message, "hint": hint } }),
            );
        } else {
            print_error(&error);
        }
        NOT_LOOKED_AT
    }))
}

fn run_checks(cli: &Cli, wish: &Doctor) -> Result<u8> {
    cli.refuse_missing()?;
    let mut report = check_store(cli, wish)?;
    let mut repaired = Vec::new();
    for _ in 0..ROUNDS {
        if !wish.fix || report.is_damaged() || report.fixes().is_empty() {
            break;
        }
        let done = repair(cli, &report)?;
        for repair in &done {
            print_unless_json(wish, format!("repaired: {}", word_repair(repair)));
        }
        if done.is_empty() {
            break;
        }
        repaired.extend(done);
        print_unless_json(wish, "looking again");
        report = check_store(cli, wish)?;
    }
    print_conclusion(wish, &report, &repaired);
    Ok(if report.findings() == 0 { CLEAN } else { FINDINGS })
}

/// Runs all checks, without writing.
fn check_store(cli: &Cli, wish: &Doctor) -> Result<DoctorReport> {
    let reader = Reader::open_as_it_is(cli.settings()?)?;
    let show = |check: &Check| {
        if !wish.json {
            print(check);
        }
    };
    let stage = match reader.stage() {
        Err(error) if error.is_damage() => {
            let report = doctor::report_unreadable(reader.lengths(), &error);
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
    reader.read(|view| doctor::run_checks(view, stage, reader.lengths(), show))
}

/// Repairs derived data, each part in its own transaction, so that one failure does not prevent the
/// other repairs.
fn repair(cli: &Cli, report: &DoctorReport) -> Result<Vec<Repair>> {
    let (db, upgrade) = ops::open(cli.settings()?)?;
    let mut repaired = Vec::new();
    if let Some(upgrade) = upgrade {
        report_upgrade(&db, &upgrade)?;
        repaired.push(Repair::Upgrade);
    }
    db.expect_many_rows()?;
    for topic in report.fixes() {
        match ops::write_and_detect_conflicts(&db, actor::DOCTOR, "doctor", |tx| {
            doctor::repair(tx, topic)
        }) {
            Err(Error::Busy) => return Err(Error::Busy),
            Err(error) => out::error_line(format!("not repaired: {}: {error}", topic.as_str())),
            Ok(done) => repaired.extend(done.value),
        }
    }
    Ok(repaired)
}

fn print_unless_json(wish: &Doctor, text: impl AsRef<str>) {
    if !wish.json {
        out::print_line(text);
    }
}

fn print(check: &Check) {
    let outcome = if check.is_clean() { "ok   " } else { "FOUND" };
    let mut head = format!("{outcome} {}", check.topic.as_str());
    let extent = extent_of(check);
    if !extent.is_empty() {
        head.push_str(&format!(": {extent}"));
    }
    out::print_line(head);
    for finding in &check.findings {
        out::print_line(format!("  {}", word_finding(finding)));
        out::print_line(format!("    repair: {}", word_remedy(&finding.remedy())));
    }
    if check.count > check.findings.len() {
        out::print_line(format!("  and {} more", check.count - check.findings.len()));
    }
    for remark in &check.remarks {
        out::print_line(format!("  remark: {}", word_remark(remark)));
    }
}

/// Formats the amount of data that was checked.
fn extent_of(check: &Check) -> String {
    let head = check.head.as_ref().map(|head| format!("head {head}"));
    let parts: Vec<String> = check.extent.map(word_extent).into_iter().chain(head).collect();
    parts.join(", ")
}

/// Converts a check to JSON: each finding with its data and its text.
fn check_value(check: &Check) -> Value {
    let finding_value = |finding: &Finding| {
        let mut value = json!(finding);
        value["what"] = word_finding(finding).into();
        value["mend"] = word_remedy(&finding.remedy()).into();
        value
    };
    json!({
        "topic": check.topic,
        "looked_at": extent_of(check),
        "count": check.count,
        "findings": check.findings.iter().map(finding_value).collect::<Vec<_>>(),
        "remarks": check.remarks.iter().map(word_remark).collect::<Vec<_>>(),
    })
}

fn print_conclusion(wish: &Doctor, report: &DoctorReport, repaired: &[Repair]) {
    let (findings, remarks) = (report.findings(), report.remarks());
    if wish.json {
        out::print_json(&json!({
            "ok": findings == 0,
            "findings": findings,
            "remarks": remarks,
            "mended": repaired.iter().map(word_repair).collect::<Vec<_>>(),
            "checks": report.checks.iter().map(check_value).collect::<Vec<_>>(),
        }));
        return;
    }
    if wish.fix && report.is_damaged() {
        out::print_line("nothing is repaired in a damaged file");
    }
    let remarks = count_noun(remarks, "remark");
    out::print_line(match findings {
        0 => format!("nothing is wrong; {remarks}"),
        _ => format!("{}, {remarks}", count_noun(findings, "finding")),
    });
}

fn count_noun(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
