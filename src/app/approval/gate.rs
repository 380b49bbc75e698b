//! The approval gate: checks the effect of every write before it commits.

use std::sync::{Arc, OnceLock};

use super::question::{ApprovalQuestion, RowBefore, refused_hint};
use crate::app::answer::{Answer, Output, Written};
use crate::app::present::ids;
use crate::model::{Error, Result};
use crate::ops::read::history::Change;
use crate::ops::record::secrets;
use crate::ops::write::approval;
use crate::store::Tx;

/// Who promotes, rejects and settles conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Promotion {
    /// The agent, as instructed by the person.
    #[default]
    Agent,
    /// The agent, after the person approved the exact change in the client.
    Ask,
    /// The person, on the command line.
    Human,
}

/// A person's approval.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Fingerprint of the question.
    pub fingerprint: String,
    /// Text for the audit, such as who approved and by which client.
    pub by: String,
}

/// The outcome of a call.
pub enum CallOutcome {
    Done(Answer),
    /// Rolled back, since a person has to approve first.
    Asks(ApprovalQuestion),
}

/// Decides whether a write may commit.
#[derive(Clone)]
pub struct ApprovalGate {
    promotion: Promotion,
    approval: Option<Approval>,
    question: Arc<OnceLock<ApprovalQuestion>>,
    /// The row that a redaction erases; the question shows it first.
    before: RowBefore,
    dry_run: bool,
}

impl ApprovalGate {
    pub fn new(promotion: Promotion, approval: Option<Approval>) -> Self {
        let (question, before) = (Arc::default(), RowBefore::default());
        Self { promotion, approval, question, before, dry_run: false }
    }

    /// Returns a gate for a redaction, which shows the person the row that is erased.
    pub fn showing(&self, before: RowBefore) -> Self {
        Self { before, ..self.clone() }
    }

    /// Returns a gate for a dry run: the same refusals, but no question.
    pub fn for_dry_run(&self) -> Self {
        Self { dry_run: true, approval: None, ..self.clone() }
    }

    /// Runs a write, and checks its effect before the commit.
    pub fn pass<O: Output>(
        &self,
        tx: &Tx<'_>,
        operation: &str,
        work: impl FnOnce() -> Result<Written<O>>,
    ) -> Result<Written<O>> {
        if self.promotion == Promotion::Agent {
            return work();
        }
        let mark = approval::audit_end(tx)?;
        if let Some(approval) = &self.approval {
            secrets::refuse_text(tx, "note", &approval.by)?;
            tx.approved(&approval.by);
        }
        let written = work()?;
        let done = approval::changes_since(tx, mark)?;
        let written = written.asks_person(self.asks(&done));
        self.check(tx, operation, &done)?;
        Ok(match &self.approval {
            Some(approval) => written.approved_by(&approval.by),
            None => written,
        })
    }

    /// Whether this is a dry run whose real write would need approval.
    fn asks(&self, done: &[Change]) -> bool {
        self.dry_run
            && self.promotion == Promotion::Ask
            && done.iter().any(approval::needs_a_person)
    }

    /// Returns an error if the write must not commit; it then rolls back. A question to ask is
    /// stored before the error is returned.
    fn check(&self, tx: &Tx<'_>, operation: &str, done: &[Change]) -> Result<()> {
        let needed = done.iter().any(approval::needs_a_person);
        match &self.approval {
            // Another writer has done the same meanwhile.
            Some(_) if done.is_empty() => return Ok(()),
            Some(_) if !needed => return Err(Error::Overtaken),
            None if !needed => return Ok(()),
            _ => {}
        }
        let by_hand = approval::step_by_hand(done);
        let by_hand = by_hand.map(|step| ids::show_step(tx, step)).transpose()?;
        if self.promotion == Promotion::Human {
            return Err(Error::Refused {
                problem: "on this server only a person promotes, rejects and settles".to_owned(),
                hint: refused_hint(by_hand),
            });
        }
        if self.dry_run {
            return Ok(());
        }
        let question = ApprovalQuestion::about(tx, operation, done, by_hand, &self.before)?;
        match &self.approval {
            Some(approval) if approval.fingerprint == question.fingerprint => Ok(()),
            Some(_) => Err(Error::Overtaken),
            None => {
                let refused = question.unasked("it has not been asked yet");
                self.question.get_or_init(|| question);
                Err(refused)
            }
        }
    }

    /// Converts the result of a write to its outcome, which is the question if one was stored.
    pub fn outcome(&self, written: Result<Answer>) -> Result<CallOutcome> {
        match (written, self.question.get()) {
            (Err(_), Some(question)) => Ok(CallOutcome::Asks(question.clone())),
            (written, _) => written.map(CallOutcome::Done),
        }
    }
}
