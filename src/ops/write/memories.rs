//! Memories: create, correct and promote.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::entity::SourceDigests;
use crate::model::handle::HandleKind;
use crate::model::memory::MemoryType;
use crate::model::{Action, Error, Memory, Result, Status, SubjectKind, Timestamp, text};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{record_change, uids, validate};
use crate::ops::write::entities::{DuplicatePolicy, InitialStatus, MAX_SIMILAR, check_editable};
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows::{self, HasLifecycle};
use crate::ops::write::projects;
use crate::store::uids::UidRow;
use crate::store::{self, Tx, View};

/// A memory to create.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMemory {
    pub memory_type: MemoryType,
    /// One statement that is true by itself.
    pub content: String,
    #[serde(default)]
    pub uid: String,
    /// What it is about, if only one statement about that can hold; another is shown as a conflict.
    #[serde(default)]
    pub subject: String,
    /// Project name or alias; "" is global.
    pub project: Option<String>,
    /// 0 to 1; default 1.
    pub confidence: Option<f64>,
    /// At most 10.
    #[serde(default)]
    pub domain_tags: Vec<String>,
    /// Date or instant of its end.
    pub valid_until: Option<String>,
    /// Chunk it was taken from.
    pub source_chunk_id: Option<String>,
    /// candidate unless the person asked for active.
    #[serde(default)]
    pub status: InitialStatus,
}

/// The outcome of creating a memory.
#[derive(Debug, Clone)]
pub struct MemoryCreation {
    pub row: Memory,
    pub created: bool,
    pub audit_id: Option<String>,
    /// Other memories of the project with the same words, or the same beginning.
    pub similar: Vec<Memory>,
    /// Given fields that differ from the existing row.
    pub differing: Vec<&'static str>,
    /// The active row that holds its uid.
    pub uid_holder: Option<UidRow>,
}

/// Creates the memory, or finds an identical one.
pub fn create(tx: &Tx<'_>, new: &NewMemory, note: &str) -> Result<MemoryCreation> {
    create_unless(tx, new, DuplicatePolicy::OfStatus, note)
}

/// As [`create`], with a choice of the rows that count as duplicates.
pub fn create_unless(
    tx: &Tx<'_>,
    new: &NewMemory,
    sameness: DuplicatePolicy,
    note: &str,
) -> Result<MemoryCreation> {
    create_built(tx, new, build(tx, new)?, sameness, note)
}

/// Stores a memory that was built of a request, unless there is one that says the same.
pub fn create_built(
    tx: &Tx<'_>,
    new: &NewMemory,
    mut wanted: Memory,
    sameness: DuplicatePolicy,
    note: &str,
) -> Result<MemoryCreation> {
    validate::text_length("note", note)?;
    let any_status = sameness == DuplicatePolicy::OfAnyStatus;
    let mut existing = store::memories::find_same(tx, &wanted, any_status)?;
    let uid_holder = uids::find_holder_beside(tx, &wanted, existing.as_ref())?;
    if existing.is_none() && uid_holder.is_some() {
        wanted.status = Status::Candidate;
        existing = store::memories::find_same(tx, &wanted, any_status)?;
    }
    let created = existing.is_none();
    let differing =
        existing.as_ref().map_or_else(Vec::new, |row| differing_fields(new, &wanted, row, tx.now));
    let mut row = existing.unwrap_or(wanted);
    // Imports report no similar rows.
    let similar = if any_status { Vec::new() } else { find_similar(tx, &row)? };
    let audit_id = if created { Some(record_change::create(tx, &mut row, note)?) } else { None };
    Ok(MemoryCreation { row, created, audit_id, similar, differing, uid_holder })
}

/// Returns the given fields that differ from the existing row.
fn differing_fields(
    new: &NewMemory,
    wanted: &Memory,
    row: &Memory,
    now: Timestamp,
) -> Vec<&'static str> {
    let tags = wanted.domain_tags.iter().any(|given| !row.domain_tags.contains(given));
    let confidence = new.confidence.is_some() && wanted.confidence != row.confidence;
    let expired = row.is_expired(now) && !wanted.is_expired(now);
    let end = expired || wanted.valid_until.is_some() && wanted.valid_until != row.valid_until;
    [
        ("uid", !wanted.uid.is_empty() && wanted.uid != row.uid),
        ("subject", !wanted.subject.is_empty() && wanted.subject != row.subject),
        ("domain_tags", tags),
        ("confidence", confidence),
        ("valid_until", end),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// Returns other memories of the same project with the same words, or the same beginning.
pub fn find_similar(view: &View<'_>, row: &Memory) -> Result<Vec<Memory>> {
    store::memories::list_alike(view, row, MAX_SIMILAR as i64)
}

pub fn build(tx: &Tx<'_>, new: &NewMemory) -> Result<Memory> {
    let source_chunk_id = new
        .source_chunk_id
        .as_deref()
        .map(|chunk| resolve_id(tx, HandleKind::Chunk, chunk))
        .transpose()?;
    if let Some(chunk) = &source_chunk_id
        && !store::sources::exists(tx, "chunk", chunk)?
    {
        return Err(Error::not_found(SubjectKind::Chunk, &**chunk));
    }
    Ok(Memory {
        memory_type: new.memory_type,
        content: check_content(&new.content)?,
        subject: check_subject(&new.subject)?,
        project: projects::resolve(tx, new.project.as_deref().unwrap_or_default())?.name,
        source_chunk_id: source_chunk_id.map(Cow::into_owned),
        confidence: validate::check_confidence(new.confidence)?,
        status: new.status.into(),
        last_referenced_at: None,
        reference_count: 0,
        domain_tags: validate::check_tags("domain_tags", &new.domain_tags)?,
        valid_until: new
            .valid_until
            .as_deref()
            .map(|text| validate::end_instant("valid_until", text))
            .transpose()?,
        graduated_to_entity_id: None,
        superseded_by: None,
        version: 1,
        uid: validate::check_uid(&new.uid)?,
        source_digests: SourceDigests::new(),
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
        handle: String::new(),
        id: tx.new_id(),
    })
}

fn check_content(given: &str) -> Result<String> {
    validate::text_length("content", given)?;
    if text::is_blank(given) {
        return Err(Error::invalid("content", "it is blank", "State what is to be remembered."));
    }
    Ok(given.trim().to_owned())
}

fn check_subject(given: &str) -> Result<String> {
    if given.trim().is_empty() { Ok(String::new()) } else { validate::check_name("subject", given) }
}

/// A correction of a memory; omitted fields stay unchanged.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryUpdate {
    pub memory_id: String,
    pub content: Option<String>,
    pub uid: Option<String>,
    pub subject: Option<String>,
    /// Moves it to this project, by name or alias, or to global.
    pub project: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// Replaces the tags.
    pub domain_tags: Option<Vec<String>>,
    /// Date or instant after which it no longer holds; "" for none.
    pub valid_until: Option<String>,
    /// Refuse if changed since.
    pub expected_version: Option<i64>,
}

/// Corrects the editable fields of a candidate or active memory.
pub fn update(tx: &Tx<'_>, edit: &MemoryUpdate, note: &str) -> Result<LifecycleOutcome<Memory>> {
    validate::text_length("note", note)?;
    let before: Memory = lifecycle_rows::require_row(tx, &edit.memory_id)?;
    validate::expected_version(
        SubjectKind::MEMORY,
        &before.handle,
        before.version,
        edit.expected_version,
    )?;
    check_editable(&before)?;
    let mut after = before.clone();
    if let Some(given) = &edit.content {
        after.content = check_content(given)?;
    }
    if let Some(given) = &edit.uid {
        after.uid = validate::check_uid(given)?;
    }
    if let Some(given) = &edit.subject {
        after.subject = check_subject(given)?;
    }
    if edit.confidence.is_some() {
        after.confidence = validate::check_confidence(edit.confidence)?;
    }
    if let Some(given) = &edit.domain_tags {
        after.domain_tags = validate::check_tags("domain_tags", given)?;
    }
    match edit.valid_until.as_deref().map(str::trim) {
        None => {}
        Some("") => after.valid_until = None,
        Some(given) => after.valid_until = Some(validate::end_instant("valid_until", given)?),
    }
    if let Some(given) = &edit.project {
        after.project = projects::resolve_target(tx, given)?.name;
    }
    if after.project != before.project {
        check_no_twin(tx, &after)?;
    }
    store_change(tx, before, after, note)
}

/// Stores a memory with changed fields, if they differ.
pub fn store_change(
    tx: &Tx<'_>,
    before: Memory,
    mut after: Memory,
    note: &str,
) -> Result<LifecycleOutcome<Memory>> {
    if after == before {
        return Ok(LifecycleOutcome { row: before, changed: false, audit_id: None, joined: None });
    }
    after.stamp(tx);
    let audit_id = record_change::record_change(tx, &before, &after, Action::Updated, note)?;
    Ok(LifecycleOutcome { row: after, changed: true, audit_id: Some(audit_id), joined: None })
}

/// Refuses to move a memory to a project that has one of the same status with its content.
fn check_no_twin(view: &View<'_>, moved: &Memory) -> Result<()> {
    let Some(twin) = store::memories::find_same(view, moved, false)? else { return Ok(()) };
    let (status, project) =
        (twin.status.as_str(), text::quote_text(&moved.project, validate::MAX_NAME));
    Err(Error::invalid(
        "project",
        format!("the {status} memory {} of {project} says the same", twin.handle),
        "Leave it where it is, or end one of the two.",
    ))
}
