//! The gate in front of the commit: it looks at what a write has done, whatever tool did it.

use std::sync::{Arc, OnceLock};

use super::question::Question;
use crate::mcp::answer::{Answer, Reply};
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
}

impl Gate {
    pub fn new(promotion: Promotion, approval: Option<Approval>) -> Self {
        Self { promotion, approval, question: Arc::default() }
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
        self.look(tx, operation, &approval::since(tx, mark)?)?;
        let answer = answer.next_instead(|step| self.promotion.next_step(step));
        Ok(match &self.approval {
            Some(approval) => answer.line(&approval.by),
            None => answer,
        })
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
        let by_hand = approval::by_hand(done);
        if self.promotion == Promotion::Human {
            return Err(Error::Refused {
                problem: "on this server only a person promotes, rejects and settles".to_owned(),
                hint: format!("Nothing was changed; {by_hand}."),
            });
        }
        let question = Question::about(tx, operation, done, by_hand)?;
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
