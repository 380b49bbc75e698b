//! The check before each commit: it looks at the effect of a write, whichever operation it was.

use std::sync::{Arc, OnceLock};

use super::question::{ApprovalQuestion, RowBefore};
use crate::app::answer::{Answer, Output, Written};
use crate::app::present::ids;
use crate::app::rights::Promotion;
use crate::model::{Error, Hint, NextStep, Result};
use crate::ops::history::Change;
use crate::ops::{approval, secrets};
use crate::store::Tx;

/// The approval that a person gave.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The fingerprint of the question.
    pub fingerprint: String,
    /// The sentence for the audit.
    pub by: String,
}

/// The outcome of a call.
pub enum CallOutcome {
    Done(Answer),
    /// Nothing was done yet: a person has to be asked first.
    Asks(ApprovalQuestion),
}

/// Lets a write commit, or refuses it.
#[derive(Clone)]
pub struct ApprovalGate {
    promotion: Promotion,
    approval: Option<Approval>,
    question: Arc<OnceLock<ApprovalQuestion>>,
    /// Rows that a question shows first.
    before: RowBefore,
    dry_run: bool,
}

impl ApprovalGate {
    pub fn new(promotion: Promotion, approval: Option<Approval>) -> Self {
        let (question, before) = (Arc::default(), RowBefore::default());
        Self { promotion, approval, question, before, dry_run: false }
    }

    /// The gate for a write that erases a row, which a person has to see before.
    pub fn showing(&self, before: RowBefore) -> Self {
        Self { before, ..self.clone() }
    }

    /// The gate for a dry run: it refuses the same, and asks nobody.
    pub fn for_dry_run(&self) -> Self {
        Self { dry_run: true, approval: None, ..self.clone() }
    }

    /// Does the work of a write, and looks at its effect before anything is committed.
    pub fn pass<O: Output>(
        &self,
        tx: &Tx<'_>,
        operation: &str,
        work: impl FnOnce() -> Result<Written<O>>,
    ) -> Result<Written<O>> {
        if self.promotion == Promotion::Agent {
            return work();
        }
        let mark = approval::mark(tx)?;
        if let Some(approval) = &self.approval {
            secrets::refuse_text(tx, "note", &approval.by)?;
            tx.approved(&approval.by);
        }
        let written = work()?;
        let done = approval::since(tx, mark)?;
        let written = written.asks_person(self.asks(&done));
        self.check(tx, operation, &done)?;
        Ok(match &self.approval {
            Some(approval) => written.approved_by(&approval.by),
            None => written,
        })
    }

    /// Whether this is the dry run of a write that a person would be asked about.
    fn asks(&self, done: &[Change]) -> bool {
        self.dry_run
            && self.promotion == Promotion::Ask
            && done.iter().any(approval::needs_a_person)
    }

    /// An error rolls the write back; with a question to ask, it is only the way out.
    fn check(&self, tx: &Tx<'_>, operation: &str, done: &[Change]) -> Result<()> {
        let needed = done.iter().any(approval::needs_a_person);
        match &self.approval {
            // Somebody else did it meanwhile.
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

    /// The outcome of a write that had to pass.
    pub fn outcome(&self, written: Result<Answer>) -> Result<CallOutcome> {
        match (written, self.question.get()) {
            (Err(_), Some(question)) => Ok(CallOutcome::Asks(question.clone())),
            (written, _) => written.map(CallOutcome::Done),
        }
    }
}

/// The hint of a write that was refused, with the step by which the person does it.
pub(super) fn refused_hint(by_hand: Option<NextStep>) -> Hint {
    let next = by_hand.map(|step| NextStep::ByPerson(Box::new(step)));
    Hint { advice: "Nothing was changed.".to_owned(), next: next.map(Box::new) }
}
