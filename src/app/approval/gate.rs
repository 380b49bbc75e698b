//! The approval gate: checks the effect of every write before it commits.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use super::question::{ApprovalQuestion, RowBefore, refused_hint};
use crate::app::answer::{Answer, Output, Written};
use crate::app::present::ids;
use crate::app::present::revisions::RevisionView;
use crate::app::proposed_change::ProposedChange;
use crate::model::{Error, NextStep, Result};
use crate::ops::record::secrets;
use crate::ops::write::approval::{self, WriteEffect};
use crate::ops::write::proposals::{Proposal, propose_revision};
use crate::store::Tx;

/// Who decides about approved rows.
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

/// The state of a person's approval of a call.
#[derive(Debug, Clone, Default)]
pub enum Consent {
    #[default]
    NotAsked,
    Given(Approval),
    /// The person could not be asked or did not answer: the change is proposed instead.
    Missing,
}

/// The outcome of a call.
pub enum CallOutcome {
    Done(Answer),
    /// Rolled back, since a person has to approve first.
    Asks(ApprovalQuestion),
}

/// A write that passed the gate.
pub enum PassedWrite<O> {
    Done(Written<O>),
    /// Its change was stored as a proposed revision instead.
    Proposed(Written<ProposedChange>),
}

/// Decides whether a write may commit.
#[derive(Clone)]
pub struct ApprovalGate {
    promotion: Promotion,
    consent: Consent,
    question: Arc<OnceLock<ApprovalQuestion>>,
    /// The row that a redaction erases; the question shows it first.
    before: RowBefore,
    dry_run: bool,
}

/// The reason for which a write does not commit.
enum EffectVerdict {
    Commits,
    BecomesProposal(Proposal),
    Fails(Error),
}

impl ApprovalGate {
    pub fn new(promotion: Promotion, consent: Consent) -> Self {
        let (question, before) = (Arc::default(), RowBefore::default());
        Self { promotion, consent, question, before, dry_run: false }
    }

    /// Returns a gate for a redaction, which shows the person the row that is erased.
    pub fn showing(&self, before: RowBefore) -> Self {
        Self { before, ..self.clone() }
    }

    /// Returns a gate for a dry run: the same refusals, but no question.
    pub fn for_dry_run(&self) -> Self {
        Self { dry_run: true, consent: Consent::NotAsked, ..self.clone() }
    }

    fn approval(&self) -> Option<&Approval> {
        match &self.consent {
            Consent::Given(approval) => Some(approval),
            Consent::NotAsked | Consent::Missing => None,
        }
    }

    /// Runs a write, and checks its effect before the commit. If a person has to decide about the
    /// change of one active row and is not asked, the write is undone and the change proposed.
    pub fn pass<O: Output>(
        &self,
        tx: &Tx<'_>,
        operation: &str,
        note: &str,
        work: impl FnOnce() -> Result<Written<O>>,
    ) -> Result<PassedWrite<O>> {
        if self.promotion == Promotion::Agent {
            return work().map(PassedWrite::Done);
        }
        tx.propose_links(self.proposes());
        let mark = approval::audit_end(tx)?;
        if let Some(approval) = self.approval() {
            secrets::refuse_text(tx, "note", &approval.by)?;
            tx.approved(&approval.by);
        }
        let proposal = RefCell::new(None);
        let done = tx.attempt(|| {
            let written = work()?;
            let effect = WriteEffect::since(tx, mark)?;
            match self.judge(tx, operation, &effect)? {
                EffectVerdict::Commits => Ok(written.asks_person(self.asks(&effect))),
                EffectVerdict::Fails(error) => Err(error),
                EffectVerdict::BecomesProposal(found) => {
                    proposal.replace(Some(found));
                    Err(Error::Overtaken)
                }
            }
        });
        if let Some(proposal) = proposal.into_inner() {
            return self.propose(tx, proposal, note).map(PassedWrite::Proposed);
        }
        let written = done?;
        Ok(PassedWrite::Done(match self.approval() {
            Some(approval) => written.approved_by(&approval.by),
            None => written,
        }))
    }

    /// Whether a change that needs a person is proposed, since nobody can be asked.
    fn proposes(&self) -> bool {
        self.promotion == Promotion::Human || matches!(self.consent, Consent::Missing)
    }

    fn propose(
        &self,
        tx: &Tx<'_>,
        proposal: Proposal,
        note: &str,
    ) -> Result<Written<ProposedChange>> {
        // The proposal itself undoes nothing.
        let note = match (note, &*tx.take_undone()) {
            ("", undone @ [_, ..]) => &format!("undo of {}", undone.join(", ")),
            (note, _) => note,
        };
        let proposed = propose_revision(tx, proposal, note)?;
        let view = RevisionView::new(tx, &proposed.row)?;
        let created = proposed.audit_id.is_some();
        let output = ProposedChange { changed: false, created };
        Ok(Written::new(output, proposed.audit_id, None).proposes(view))
    }

    /// Whether this is a dry run whose real write would need approval.
    fn asks(&self, effect: &WriteEffect) -> bool {
        self.dry_run && self.promotion == Promotion::Ask && !effect.decided.is_empty()
    }

    /// Decides about a write by its effect. A question to ask is stored, and the write fails.
    fn judge(&self, tx: &Tx<'_>, operation: &str, effect: &WriteEffect) -> Result<EffectVerdict> {
        match self.approval() {
            // Another writer has done the same meanwhile.
            Some(_) if effect.is_empty() => return Ok(EffectVerdict::Commits),
            Some(_) if effect.decided.is_empty() => {
                return Ok(EffectVerdict::Fails(Error::Overtaken));
            }
            None if effect.decided.is_empty() => return Ok(EffectVerdict::Commits),
            _ => {}
        }
        let by_hand = match &*tx.undone_operations() {
            [] => effect.step_by_hand(),
            [one] => Some(NextStep::UndoOperation { id: one.clone() }),
            _ => Some(NextStep::UndoSince),
        };
        let by_hand = by_hand.map(|step| ids::show_step(tx, step)).transpose()?;
        if self.proposes() {
            return Ok(effect.proposal().map_or_else(
                || {
                    EffectVerdict::Fails(Error::Refused {
                        problem: "on this server only a person makes this change".to_owned(),
                        hint: refused_hint(by_hand),
                    })
                },
                EffectVerdict::BecomesProposal,
            ));
        }
        if self.dry_run {
            return Ok(EffectVerdict::Commits);
        }
        let question = ApprovalQuestion::about(tx, operation, effect, by_hand, &self.before)?;
        Ok(match self.approval() {
            Some(approval) if approval.fingerprint == question.fingerprint => {
                EffectVerdict::Commits
            }
            Some(_) => EffectVerdict::Fails(Error::Overtaken),
            None => {
                let refused = question.unasked("it has not been asked yet");
                self.question.get_or_init(|| question);
                EffectVerdict::Fails(refused)
            }
        })
    }

    /// Converts the result of a write to its outcome, which is the question if one was stored.
    pub fn outcome(&self, written: Result<Answer>) -> Result<CallOutcome> {
        match (written, self.question.get()) {
            (Err(_), Some(question)) => Ok(CallOutcome::Asks(question.clone())),
            (written, _) => written.map(CallOutcome::Done),
        }
    }
}
