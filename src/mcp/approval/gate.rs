//! The gate in front of the commit: it looks at what a write has done, whatever tool did it.

use std::sync::{Arc, OnceLock};

use super::question::Question;
use crate::mcp::answer::Answer;
use crate::mcp::rights::Promotion;
use crate::mcp::tool::WriteJob;
use crate::model::{Error, Result};
use crate::ops::approval;
use crate::ops::history::Change;
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
    Done(Answer),
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

    /// The write with the gate behind it, in the same transaction.
    pub fn guard(&self, operation: &'static str, job: WriteJob) -> WriteJob {
        if self.promotion == Promotion::Agent {
            return job;
        }
        let gate = self.clone();
        Box::new(move |tx| {
            let mark = approval::mark(tx)?;
            if let Some(approval) = &gate.approval {
                tx.approved(&approval.by);
            }
            let answer = job(tx)?;
            gate.look(tx, operation, &approval::since(tx, mark)?)?;
            Ok(match &gate.approval {
                Some(approval) => answer.line(&approval.by),
                None => answer,
            })
        })
    }

    /// An error rolls the write back; with a question to ask, it is only the way out.
    fn look(&self, tx: &Tx<'_>, operation: &'static str, done: &[Change]) -> Result<()> {
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

    /// What the guarded write came to.
    pub fn outcome(&self, written: Result<Answer>) -> Result<Called> {
        match (written, self.question.get()) {
            (Err(_), Some(question)) => Ok(Called::Asks(question.clone())),
            (written, _) => written.map(Called::Done),
        }
    }
}
