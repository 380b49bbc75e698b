//! The gate in front of the commit: it looks at what a write has done, whatever tool did it.

use std::sync::{Arc, OnceLock};

use super::question::{Before, Question};
use crate::mcp::answer::{Answer, Reply};
use crate::mcp::next_step::render_for_person;
use crate::mcp::rights::Promotion;
use crate::model::{Error, Result};
use crate::ops::history::Change;
use crate::ops::{approval, secrets};
use crate::store::Tx;

/// What a person said yes to.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The seal of the question.
    pub seal: String,
    /// As it stands in the audit.
    pub by: String,
}

/// What became of a call.
pub enum Called {
    Done(Reply),
    /// Nothing yet: a person has to be asked first.
    Asks(Question),
}

/// Lets a write through to its commit, or does not.
#[derive(Clone)]
pub struct Gate {
    promotion: Promotion,
    approval: Option<Approval>,
    question: Arc<OnceLock<Question>>,
    /// What a question shows first.
    before: Before,
    rehearses: bool,
}

impl Gate {
    pub fn new(promotion: Promotion, approval: Option<Approval>) -> Self {
        let (question, before) = (Arc::default(), Before::default());
        Self { promotion, approval, question, before, rehearses: false }
    }

    /// The gate for a write that hides what it does away with, which a person has to see.
    pub fn showing(&self, before: Before) -> Self {
        Self { before, ..self.clone() }
    }

    /// The gate for a write that comes to nothing: it refuses the same, and asks nobody.
    pub fn in_rehearsal(&self) -> Self {
        Self { rehearses: true, approval: None, ..self.clone() }
    }

    /// Does the work of a write, and looks at what it did before anything is committed.
    pub fn pass(
        &self,
        tx: &Tx<'_>,
        operation: &str,
        work: impl FnOnce() -> Result<Answer>,
    ) -> Result<Answer> {
        if self.promotion == Promotion::Agent {
            return work();
        }
        let mark = approval::mark(tx)?;
        if let Some(approval) = &self.approval {
            secrets::refuse_text(tx, "note", &approval.by)?;
            tx.approved(&approval.by);
        }
        let answer = work()?;
        let done = approval::since(tx, mark)?;
        let answer = answer.asks_first(self.asks(&done));
        self.look(tx, operation, &done)?;
        let answer = answer.next_instead(|step| self.promotion.next_step(step));
        Ok(match &self.approval {
            Some(approval) => answer.line(&approval.by),
            None => answer,
        })
    }

    /// Whether this is the rehearsal of what a person would be asked about.
    fn asks(&self, done: &[Change]) -> bool {
        self.rehearses
            && self.promotion == Promotion::Ask
            && done.iter().any(approval::needs_a_person)
    }

    /// An error rolls the write back; with a question to ask, it is only the way out.
    fn look(&self, tx: &Tx<'_>, operation: &str, done: &[Change]) -> Result<()> {
        let needed = done.iter().any(approval::needs_a_person);
        match &self.approval {
            // Somebody else did it meanwhile.
            Some(_) if done.is_empty() => return Ok(()),
            Some(_) if !needed => return Err(Error::Overtaken),
            None if !needed => return Ok(()),
            _ => {}
        }
        let by_hand = approval::step_by_hand(done).as_ref().and_then(render_for_person);
        let by_hand = by_hand.unwrap_or_default();
        if self.promotion == Promotion::Human {
            return Err(Error::Refused {
                problem: "on this server only a person promotes, rejects and settles".to_owned(),
                hint: format!("Nothing was changed. {by_hand}").into(),
            });
        }
        if self.rehearses {
            return Ok(());
        }
        let question = Question::about(tx, operation, done, by_hand, &self.before)?;
        match &self.approval {
            Some(approval) if approval.seal == question.seal => Ok(()),
            Some(_) => Err(Error::Overtaken),
            None => {
                let refused = question.unasked("it has not been asked yet");
                self.question.get_or_init(|| question);
                Err(refused)
            }
        }
    }

    /// What a write that had to pass came to.
    pub fn outcome(&self, written: Result<Reply>) -> Result<Called> {
        match (written, self.question.get()) {
            (Err(_), Some(question)) => Ok(Called::Asks(question.clone())),
            (written, _) => written.map(Called::Done),
        }
    }
}
