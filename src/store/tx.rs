//! Read transactions (`View`) and write transactions (`Tx`): time, actor and connection, with
//! checks before each commit.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Deref;

use super::operations::{Author, OperationRecord, OperationSteps};
use super::past_stores::{PastStores, WordsState};
use super::settings::Ids;
use super::sqlite::sql::{Conn, SqlValue};
use crate::model::disturbance::Disturbance;
use crate::model::search::SearchText;
use crate::model::{Error, Kind, Ontology, ResolvedProject, Result, Slot, Timestamp};

/// A consistent snapshot of the store.
pub struct View<'c> {
    pub(super) conn: &'c Conn,
    pub now: Timestamp,
    pub ontology: &'c Ontology,
    /// Hours until an idempotency key expires.
    pub key_hours: u32,
    pub allow_secrets: bool,
    /// Name and version of the client that reads; empty if it is not known.
    pub(super) client: RefCell<String>,
    /// Cache of resolved project names; a write that changes a project clears it.
    pub resolved: RefCell<HashMap<String, ResolvedProject>>,
    /// Cache of entity types by id; no write changes a type.
    pub(super) types: RefCell<HashMap<String, String>>,
    /// Copies of the store as it was earlier.
    pub(super) past: &'c PastStores,
    /// In a copy, whether its search index is that of its place.
    pub(super) words: Option<&'c WordsState>,
}

impl View<'_> {
    /// Names the client that reads.
    pub fn read_for(&self, client: &str) {
        client.clone_into(&mut self.client.borrow_mut());
    }

    pub fn client(&self) -> String {
        self.client.borrow().clone()
    }
}

#[cfg(feature = "test-support")]
impl View<'_> {
    /// Returns the number of statements that its connection has run.
    pub fn count_statements(&self) -> u64 {
        self.conn.count_statements()
    }
}

/// The head of the hash chain: the row that the next one links to.
#[derive(Debug, Clone)]
pub struct Head {
    pub seq: i64,
    pub hash: String,
}

/// A change of the indexed text of a place.
#[derive(Debug)]
pub(super) enum IndexChange {
    Added(i64, SearchText),
    Deleted(i64),
}

/// A write transaction. It commits only if every row that it changed has an event in the audit log,
/// and every slot whose claims it touched has been checked for conflicts.
pub struct Tx<'c> {
    view: View<'c>,
    pub actor: &'c str,
    /// The client through which the actor calls.
    pub client: &'c str,
    pub operation: &'static str,
    steps: Option<&'c OperationSteps>,
    ids: &'c Ids,
    log: RefCell<WriteLog>,
    writes: Cell<u64>,
    /// The nesting depth of attempts (savepoints).
    attempts: Cell<u32>,
    /// Who approved the write, if it needed approval.
    approval: RefCell<String>,
    /// The handles of the operations that the write undoes.
    undone: RefCell<Vec<String>>,
    /// Whether new links of approved rows wait for a person.
    proposes_links: Cell<bool>,
}

/// The changes made by a write so far.
#[derive(Debug, Default)]
struct WriteLog {
    changed: Vec<(Kind, String)>,
    recorded: Vec<(Kind, String)>,
    /// Imported rows whose history is not imported yet.
    adopted: HashSet<(Kind, String)>,
    touched: BTreeSet<Slot>,
    disturbed: Vec<Disturbance>,
    head: Option<Head>,
    /// The operation, once it has an audit row.
    operation: Option<OperationRecord>,
    /// Pending changes of the full-text index.
    words: Vec<IndexChange>,
}

/// Maximum number of pending changes of the full-text index.
const MAX_WORDS: usize = 10_000;

impl WriteLog {
    /// Adds the changes of a part of the write.
    fn add(&mut self, part: Self) {
        self.changed.extend(part.changed);
        self.recorded.extend(part.recorded);
        self.adopted.extend(part.adopted);
        self.touched.extend(part.touched);
        self.disturbed.extend(part.disturbed);
        self.head = part.head;
        self.operation = part.operation;
        self.words.extend(part.words);
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(
        view: View<'c>,
        author: Author<'c>,
        operation: &'static str,
        ids: &'c Ids,
    ) -> Self {
        let (writes, attempts, approval, undone, proposes_links) = Default::default();
        let Author { actor, client, steps } = author;
        let begun = steps.and_then(OperationSteps::current);
        let log = RefCell::new(WriteLog { operation: begun, ..WriteLog::default() });
        Self {
            view,
            actor,
            client,
            operation,
            steps,
            ids,
            log,
            writes,
            attempts,
            approval,
            undone,
            proposes_links,
        }
    }

    /// Records the approval with every event of the write.
    pub fn approved(&self, by: &str) {
        by.clone_into(&mut self.approval.borrow_mut());
    }

    /// Records with the write's operation another one that it undoes.
    pub fn undoes(&self, handle: &str) {
        self.undone.borrow_mut().push(handle.to_owned());
    }

    /// Returns the handles of the undone operations, the newest first, and forgets them.
    pub fn take_undone(&self) -> Vec<String> {
        self.undone.take()
    }

    /// Returns the handles of the undone operations, the newest first.
    pub fn undone_operations(&self) -> Vec<String> {
        self.undone.borrow().clone()
    }

    /// Sets whether new links of approved rows become candidates.
    pub fn propose_links(&self, proposes: bool) {
        self.proposes_links.set(proposes);
    }

    pub fn proposes_links(&self) -> bool {
        self.proposes_links.get()
    }

    pub fn new_id(&self) -> String {
        (self.ids)().to_string()
    }

    /// Changes an audited row; an event for it must follow.
    pub(super) fn change(
        &self,
        kind: Kind,
        id: &str,
        sql: &str,
        params: &[SqlValue<'_>],
    ) -> Result<()> {
        self.log.borrow_mut().changed.push((kind, id.to_owned()));
        self.run(kind, sql, params)
    }

    /// Stores an imported row; its history must follow.
    pub(super) fn adopt(
        &self,
        kind: Kind,
        id: &str,
        sql: &str,
        params: &[SqlValue<'_>],
    ) -> Result<()> {
        self.log.borrow_mut().adopted.insert((kind, id.to_owned()));
        self.run(kind, sql, params)
    }

    /// Accepts an imported row without history: rows of the Python system may have none.
    pub fn adopt_without_history(&self, kind: Kind, id: &str) {
        self.log.borrow_mut().adopted.remove(&(kind, id.to_owned()));
    }

    /// Queues a change of the full-text index; returns whether to apply the queue now.
    pub(super) fn queue_words(&self, change: IndexChange) -> bool {
        let mut log = self.log.borrow_mut();
        log.words.push(change);
        // Changes inside an attempt must be applied after those that were queued before it.
        log.words.len() >= MAX_WORDS && self.attempts.get() == 0
    }

    /// Takes the queued changes of the full-text index.
    pub(super) fn take_words(&self) -> Vec<IndexChange> {
        std::mem::take(&mut self.log.borrow_mut().words)
    }

    fn run(&self, kind: Kind, sql: &str, params: &[SqlValue<'_>]) -> Result<()> {
        if kind == Kind::Project {
            self.resolved.borrow_mut().clear();
        }
        self.change_uncovered(sql, params).map(drop)
    }

    /// Returns the number of statements that have changed rows so far.
    pub fn writes(&self) -> u64 {
        self.writes.get()
    }

    /// Changes a row that is not audited: derived tables and raw sources.
    pub(super) fn change_uncovered(&self, sql: &str, params: &[SqlValue<'_>]) -> Result<usize> {
        self.writes.set(self.writes.get() + 1);
        self.conn.execute(sql, params)
    }

    pub(super) fn note_recorded(&self, kind: Kind, id: &str) {
        let mut log = self.log.borrow_mut();
        let row = (kind, id.to_owned());
        log.adopted.remove(&row);
        log.recorded.push(row);
    }

    /// Returns the approval of the write; empty if it needed none.
    pub(super) fn approval(&self) -> String {
        self.approval.borrow().clone()
    }

    /// Returns the operation, if it has an audit row.
    pub(super) fn begun_operation(&self) -> Option<OperationRecord> {
        self.log.borrow().operation.clone()
    }

    pub(super) fn begin_operation(&self, begun: OperationRecord) {
        self.log.borrow_mut().operation = Some(begun);
    }

    /// Passes the operation on to the next step of the call.
    pub(super) fn note_step_stored(&self) {
        let begun =
            self.begun_operation().map(|begun| OperationRecord { has_grown: false, ..begun });
        self.steps.inspect(|steps| steps.set(begun));
    }

    /// Notes an audit row of the operation.
    pub(super) fn note_seq(&self, seq: i64) {
        if let Some(begun) = &mut self.log.borrow_mut().operation {
            if begun.first_seq == 0 {
                begun.first_seq = seq;
            }
            begun.last_seq = seq;
            begun.has_grown = true;
        }
    }

    /// Returns the handle of the operation, if the write has recorded anything.
    pub fn operation_handle(&self) -> Option<String> {
        let log = self.log.borrow();
        log.operation.as_ref().filter(|begun| begun.has_grown).map(|begun| begun.handle.clone())
    }

    pub(super) fn known_head(&self) -> Option<Head> {
        self.log.borrow().head.clone()
    }

    /// Takes the chain head, so that it is read again if appending to it fails.
    pub(super) fn take_head(&self) -> Option<Head> {
        self.log.borrow_mut().head.take()
    }

    pub(super) fn set_head(&self, head: Head) {
        self.log.borrow_mut().head = Some(head);
    }

    /// Notes that other rows may rest on a row less safely than before.
    pub fn disturb(&self, disturbance: Disturbance) {
        self.log.borrow_mut().disturbed.push(disturbance);
    }

    /// Takes the disturbances noted so far.
    pub fn take_disturbances(&self) -> Vec<Disturbance> {
        std::mem::take(&mut self.log.borrow_mut().disturbed)
    }

    /// Marks a slot as touched: its claims may have changed.
    pub fn touch(&self, slot: Slot) {
        self.log.borrow_mut().touched.insert(slot);
    }

    /// Takes the slots touched since the last call.
    pub fn take_touched(&self) -> BTreeSet<Slot> {
        std::mem::take(&mut self.log.borrow_mut().touched)
    }

    /// Runs a part of the write in a savepoint, which is rolled back if it fails.
    pub fn attempt<T>(&self, part: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = {
            let log = &mut *self.log.borrow_mut();
            let (head, operation) = (log.head.clone(), log.operation.clone());
            std::mem::replace(log, WriteLog { head, operation, ..WriteLog::default() })
        };
        self.conn.execute("SAVEPOINT attempt", &[])?;
        self.attempts.set(self.attempts.get() + 1);
        let outcome = part();
        self.attempts.set(self.attempts.get() - 1);
        if outcome.is_err() {
            self.conn.execute("ROLLBACK TO attempt", &[])?;
            self.resolved.borrow_mut().clear();
            self.types.borrow_mut().clear();
        }
        self.conn.execute("RELEASE attempt", &[])?;
        let mut log = self.log.borrow_mut();
        let part = std::mem::replace(&mut *log, before);
        if outcome.is_ok() {
            log.add(part);
        }
        outcome
    }

    /// Whether the write changed rows that may claim slots of an ontology.
    pub(super) fn may_claim(&self) -> bool {
        let claims = |(kind, _): &(Kind, String)| matches!(kind, Kind::Entity | Kind::Relationship);
        self.log.borrow().changed.iter().any(claims)
    }

    /// Checks the invariants of the write; called before the commit.
    pub(super) fn complete(&self) -> Result<()> {
        let log = self.log.borrow();
        let recorded: BTreeSet<_> = log.recorded.iter().collect();
        if let Some((kind, id)) = log.changed.iter().find(|row| !recorded.contains(row)) {
            return Err(Error::Internal(format!(
                "{} changed {} {id} without an audit row",
                self.operation,
                kind.as_str()
            )));
        }
        if let Some((kind, id)) = log.adopted.iter().min() {
            return Err(Error::Internal(format!(
                "{} took over {} {id} without its history",
                self.operation,
                kind.as_str()
            )));
        }
        if let Some(slot) = log.touched.first() {
            return Err(Error::Internal(format!(
                "{} touched the slot {} {:?} without looking for conflicts",
                self.operation, slot.kind, slot.key
            )));
        }
        Ok(())
    }
}
