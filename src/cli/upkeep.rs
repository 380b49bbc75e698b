//! `atocore upkeep`: runs expiry, decay, auto-promotion and cleanup of stale candidates.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::Args;

use super::next_step::render_hint;
use super::options::Cli;
use super::out;
use super::readable::ReadableStore;
use crate::app::Db;
use crate::app::present::conflicts::read_conflict_lines;
use crate::app::present::memories::memory_line;
use crate::app::present::rows::entity_line;
use crate::app::upkeep::UpkeepRun;
use crate::model::upkeep::{STALE_DAYS, UpkeepRules};
use crate::model::{Conflict, Result, Status};
use crate::ops::maintain::upkeep::{self, UpkeepCursor, UpkeepJob, UpkeepRow, UpkeepStep};

/// Maximum rows in the report for each job.
const MAX_NAMED: usize = 50;

#[derive(Args)]
pub struct Upkeep {
    /// Dry run: show the effect, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Run although the clock is over 90 days after the newest change of the store, or before it
    #[arg(long)]
    trust_clock: bool,
    #[command(flatten)]
    limits: Limits,
}

/// Limits of upkeep, for the command and for a server that runs it.
#[derive(Args, Clone, Copy, Default)]
pub struct Limits {
    /// Reject candidates that were not changed for this many days; 0 for never
    #[arg(long, value_name = "DAYS", default_value_t = STALE_DAYS,
          value_parser = clap::value_parser!(u32).range(0..=36_500))]
    stale_candidates_days: u32,
    /// Promote candidate memories with this many references and a confidence of 0.5 or more; 0 for
    /// never
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    auto_promote_references: u32,
}

impl Limits {
    pub fn rules(self) -> UpkeepRules {
        UpkeepRules {
            stale_days: self.stale_candidates_days,
            promote_references: self.auto_promote_references,
        }
    }
}

/// The counts and the first rows of each job.
#[derive(Default)]
struct UpkeepReport {
    counts: [usize; UpkeepJob::ALL.len()],
    /// Memories that decayed until they ended.
    gone: usize,
    /// Candidates that joined an active memory.
    joined: usize,
    lines: [Vec<String>; UpkeepJob::ALL.len()],
    conflicts: Vec<Conflict>,
}

pub fn run(cli: &Cli, wish: &Upkeep) -> Result<ExitCode> {
    let rules = wish.limits.rules();
    if wish.dry_run {
        return show_plan(cli, &rules, wish.trust_clock);
    }
    let db = cli.open_existing()?;
    if !wish.trust_clock {
        db.read(upkeep::refuse_doubtful_clock)?;
    }
    let (mut report, run) = (UpkeepReport::default(), UpkeepRun::new(rules));
    let mut place = Some(UpkeepCursor::default());
    while let Some(at) = place {
        let page = run.run_page(&db, &at)?;
        page.steps.iter().for_each(|step| report.add(step));
        report.conflicts.extend(page.conflicts);
        place = page.next;
    }
    report.print();
    print_conflicts(&db, report.conflicts)?;
    if let Some(operation) = run.operation() {
        out::print_line(format!("operation {operation}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the report of a dry run.
fn show_plan(cli: &Cli, rules: &UpkeepRules, trust_clock: bool) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    let doubt = store.read(upkeep::refuse_doubtful_clock).err().filter(|_| !trust_clock);
    let mut report = UpkeepReport::default();
    let mut place = Some(UpkeepCursor::default());
    while let Some(at) = place {
        let (steps, next) = store.read(|view| upkeep::find_due(view, rules, &at))?;
        steps.iter().for_each(|step| report.add(step));
        place = next;
    }
    report.print();
    out::print_line(match store {
        ReadableStore::Writable { upgraded: true, .. } => {
            "dry run: the file was upgraded, and nothing else was changed"
        }
        _ => "dry run: nothing was changed",
    });
    if let Some(error) = doubt {
        out::print_line(format!("a run would be refused: {error}. {}", render_hint(&error)));
    }
    Ok(ExitCode::SUCCESS)
}

impl UpkeepReport {
    fn add(&mut self, step: &UpkeepStep) {
        let job = step.job as usize;
        self.counts[job] += 1;
        let line = match &step.row {
            UpkeepRow::Memory { after, .. } => {
                let gone = step.job == UpkeepJob::Decay && after.status == Status::Superseded;
                self.gone += usize::from(gone);
                let promoted = step.job == UpkeepJob::AutoPromotion;
                self.joined += usize::from(promoted && after.status == Status::Superseded);
                memory_line(after)
            }
            UpkeepRow::Entity { after, .. } => entity_line(after),
        };
        if self.lines[job].len() < MAX_NAMED {
            self.lines[job].push(format!("  {line}: {}", step.note));
        }
    }

    fn print(&self) {
        for job in UpkeepJob::ALL {
            let count = self.counts[job as usize];
            out::print_line(match job {
                UpkeepJob::Expiry => format!("expired {count}"),
                UpkeepJob::Decay => format!("decayed {count}, {} of them superseded", self.gone),
                UpkeepJob::AutoPromotion if self.joined > 0 => format!(
                    "promoted {count}, {} of them joined to a memory that says the same",
                    self.joined
                ),
                UpkeepJob::AutoPromotion => format!("promoted {count}"),
                UpkeepJob::Stale => format!("stale candidates rejected {count}"),
            });
            let lines = &self.lines[job as usize];
            lines.iter().for_each(out::print_line);
            if count > lines.len() {
                out::print_line(format!("  and {} more", count - lines.len()));
            }
        }
    }
}

/// Prints the conflicts that the run opened, changed or settled, each in its final state.
fn print_conflicts(db: &Db, mut changed: Vec<Conflict>) -> Result<()> {
    let mut seen = BTreeSet::new();
    changed.reverse();
    changed.retain(|conflict| seen.insert(conflict.id.clone()));
    changed.reverse();
    out::print_line(format!("conflicts changed {}", changed.len()));
    let shown = changed.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
    for line in read_conflict_lines(db, &shown)?.concat() {
        out::print_line(format!("  {line}"));
    }
    if changed.len() > MAX_NAMED {
        out::print_line(format!("  and {} more", changed.len() - MAX_NAMED));
    }
    Ok(())
}
