//! Databases of the Python system, at four stages: opened, upgraded once, nothing lost, used.

mod failing;
mod new_file;
mod old_conflicts;
mod refused;
mod released;
mod shared;
pub mod support;
mod values;

use std::collections::BTreeSet;

use atocore::model::{Conflict, Entity, ProjectState};
use atocore::ops;
use atocore::ops::maintain::chain_problem::ChainProblem;
use atocore::ops::maintain::verify::{VerificationReport, verify};
use atocore::ops::record::audited::Audited;
use atocore::ops::write::entities::{self, EntityUpdate, NewEntity};
use atocore::ops::write::memories::{self, MemoryUpdate};
use atocore::ops::write::promotion;
use atocore::ops::write::state::{self, StateChange};
use atocore::store::Db;
use rusqlite::types::Value;

use support::{
    AUDITED, EARLIEST, ENTITIES, FULL, Place, STAGES, Stage, list, stderr, stdout, tables,
};

#[test]
fn no_row_is_lost_and_only_what_must_sort_is_rewritten() {
    for stage in &STAGES {
        let place = Place::python(stage, "");
        let old = place.tables();
        drop(place.open());
        support::assert_nothing_lost(stage.name, &old, &place.tables());
    }
}

#[test]
fn the_backup_beside_the_file_holds_what_the_file_held() {
    for stage in &STAGES {
        let place = Place::python(stage, "");
        let old = place.tables();
        let (db, upgrade) = place.open();
        drop(db);
        let backup = upgrade.expect("an upgrade").backup;
        assert_eq!(place.backups(), std::slice::from_ref(&backup), "{}", stage.name);
        assert_eq!(tables(&backup), old, "{}", stage.name);
        #[cfg(unix)]
        assert_eq!(new_file::mode(&backup), 0o600);
    }
}

#[test]
fn the_upgraded_file_has_every_table_column_index_and_trigger_of_a_new_one() {
    let shape = |place: &Place| -> BTreeSet<(String, String)> {
        let sql = "SELECT t.name || '.' || c.name, '' FROM sqlite_master t, \
             pragma_table_info(t.name) c WHERE t.type = 'table' \
             UNION ALL SELECT name, sql FROM sqlite_master WHERE type <> 'table' AND sql > ''";
        list(&place.outside(), sql, |row| Ok((row.get(0)?, row.get(1)?))).into_iter().collect()
    };
    let numbers = |place: &Place| {
        ["user_version", "application_id"].map(|name| place.number(&format!("PRAGMA {name}")))
    };
    let new = Place::current();
    for stage in &STAGES {
        let place = Place::python(stage, "");
        drop(place.open());
        let wanted = shape(&new);
        let missing: Vec<_> = wanted.difference(&shape(&place)).cloned().collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", stage.name);
        assert_eq!(numbers(&place), numbers(&new), "{}", stage.name);
        assert_eq!(place.number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
}

#[test]
fn what_is_said_to_be_added_was_added_with_its_defaults() {
    let place = Place::current();
    let new = place.outside();
    for stage in &STAGES {
        let place = Place::python(stage, "");
        let old = place.tables();
        let (_, upgrade) = place.open();
        let added: BTreeSet<String> = upgrade.expect("an upgrade").added.into_iter().collect();
        let mut expected = BTreeSet::new();
        for (table, rows) in place.tables() {
            let Some(old_rows) = old.get(&table) else {
                expected.insert(table);
                continue;
            };
            let known = &old_rows[0];
            for column in rows[0].keys().filter(|column| !known.contains_key(*column)) {
                expected.insert(format!("{table}.{column}"));
                let default = default_of(&new, &table, column);
                for row in rows.iter().filter(|row| old_rows.iter().any(|o| o["id"] == row["id"])) {
                    let filled = row[column] == default || derived(&table, column);
                    assert!(filled, "{}: {table}.{column} of {row:?}", stage.name);
                }
            }
        }
        assert_eq!(added, expected, "{}", stage.name);
    }
}

/// Columns that the upgrade works out: handles, places and hashes in the chain, and members of a conflict that goes on.
fn derived(table: &str, column: &str) -> bool {
    matches!(
        (table, column),
        (_, "handle" | "is_converted")
            | (
                "memory_audit",
                "seq" | "before_digest" | "after_digest" | "note_digest" | "prev_hash" | "hash"
            )
            | ("conflict_members", "left_at" | "value_key")
    )
}

fn default_of(new: &rusqlite::Connection, table: &str, column: &str) -> Value {
    let sql = "SELECT dflt_value FROM pragma_table_info(?1) WHERE name = ?2";
    let default: Option<String> =
        new.query_row(sql, [table, column], |row| row.get(0)).expect("the column");
    let sql = format!("SELECT {}", default.as_deref().unwrap_or("NULL"));
    new.query_row(&sql, [], |row| row.get(0)).expect("a value")
}

#[test]
fn the_second_open_changes_nothing() {
    for stage in &STAGES {
        let place = Place::python(stage, "");
        drop(place.open());
        let (rows, files) = (place.tables(), place.files());
        let (db, upgrade) = place.open();
        drop(db);
        assert_eq!(upgrade, None, "{}", stage.name);
        assert_eq!(place.tables(), rows, "{}", stage.name);
        assert!(place.files() == files, "{}: the files differ", stage.name);
        let output = place.atocore(&["audit", "verify"]);
        assert_eq!(stderr(&output), "", "{}", stage.name);
        assert!(place.files() == files, "{}: the files differ", stage.name);
    }
}

#[test]
fn contradictions_in_old_rows_are_opened_as_conflicts_and_audited() {
    type Expected = [(&'static str, &'static str, &'static [&'static str])];
    let cases: [(&Stage, &Expected); 4] = [
        (EARLIEST, &[]),
        (AUDITED, &[]),
        (ENTITIES, &[("parameter.value", "wavelength", &["e-wave-1", "e-wave-2"])]),
        (
            FULL,
            &[
                ("requirement.value", "removal rate", &["e-rate-1", "e-rate-2"]),
                ("state.requirement", "removal rate", &["e-rate-1", "e-rate-2", "st-1"]),
            ],
        ),
    ];
    for (stage, expected) in cases {
        let place = Place::python(stage, "");
        let (db, _) = place.open();
        let opened = audited(&place, "created");
        let found: BTreeSet<(String, String, Vec<String>)> = opened
            .iter()
            .map(|id| {
                let conflict = conflict(&db, id);
                assert!(conflict.resolution.is_empty() && conflict.resolved_at.is_none());
                let mut members: Vec<_> =
                    conflict.members.into_iter().map(|member| member.member_id).collect();
                members.sort();
                (conflict.slot_kind, conflict.slot_key.to_lowercase(), members)
            })
            .collect();
        let expected = expected.iter().map(|(kind, key, members)| {
            let members = members.iter().map(|id| (*id).to_owned()).collect();
            ((*kind).to_owned(), (*key).to_owned(), members)
        });
        assert_eq!(found, expected.collect(), "{}", stage.name);
    }
}

/// Conflicts that the upgrade wrote an audit row of this action for.
fn audited(place: &Place, action: &str) -> Vec<String> {
    let sql = format!(
        "SELECT memory_id FROM memory_audit \
         WHERE entity_kind = 'conflict' AND action = '{action}' AND actor = 'atocore'"
    );
    list(&place.outside(), &sql, |row| row.get(0))
}

fn conflict(db: &Db, id: &str) -> Conflict {
    let found = db.read(|view| atocore::store::conflicts::get(view, id)).expect("read");
    found.unwrap_or_else(|| panic!("no conflict {id}"))
}

#[test]
fn an_open_conflict_of_the_python_system_goes_on_and_is_not_doubled() {
    let place = Place::python(FULL, "");
    let (db, _) = place.open();
    assert_eq!(audited(&place, "updated"), ["k-1"]);
    let now = conflict(&db, "k-1");
    let members: Vec<&str> = now.present().map(|member| member.member_id.as_str()).collect();
    assert_eq!(now.note, "aluminium or steel?");
    assert_eq!(now.members.len(), 4, "the old members stay on record: {now:?}");
    assert_eq!(members.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(["r-1", "r-2"]));
}

#[test]
fn a_conflict_that_goes_on_is_recorded_as_it_is_read_whatever_the_ids_of_its_members() {
    let change = "UPDATE conflict_members SET id = 'f47ac10b-' || id WHERE conflict_id = 'k-1'";
    let place = Place::python(FULL, change);
    let (db, _) = place.open();
    let report = db.read(verify).expect("verified");
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn the_upgraded_audit_verifies_and_claims_are_those_of_the_rows() {
    for stage in &STAGES {
        let place = Place::python(stage, "");
        let (db, _) = place.open();
        let report = db.read(verify).expect("verified");
        assert!(report.is_clean(), "{}: {report:?}", stage.name);
        assert_eq!(report.before_chain, stage.legacy_audit_rows, "{}", stage.name);
        assert_eq!(
            db.read(ops::record::claims::find_wrong_claims).expect("read"),
            [],
            "{}",
            stage.name
        );
        let output = place.atocore(&["audit", "verify"]);
        assert!(output.status.success(), "{}: {}", stage.name, stdout(&output));
    }
}

#[test]
fn a_change_of_any_field_of_a_row_from_before_the_chain_is_found() {
    for stage in STAGES.iter().filter(|stage| stage.legacy_audit_rows > 0) {
        for column in ["action", "actor", "before_json", "after_json", "note", "timestamp"] {
            let change = format!("UPDATE memory_audit SET {column} = '{{}}!' WHERE id = 'a-2'");
            let report = tampered(stage, &change);
            let broken = report.broken.map(|link| (link.seq, link.problem));
            let problem = match column {
                "before_json" | "after_json" | "note" => ChainProblem::ContentsChanged,
                _ => ChainProblem::FieldsChanged,
            };
            assert_eq!(broken, Some((2, problem)), "{}: {column}", stage.name);
        }
        let report = tampered(stage, "DELETE FROM memory_audit WHERE id = 'a-1'");
        let broken = report.broken.map(|link| link.problem);
        assert_eq!(broken, Some(ChainProblem::OutOfOrder));
    }
}

/// What verification says after a first link was written, and somebody had their way with the file.
fn tampered(stage: &Stage, change: &str) -> VerificationReport {
    let place = Place::python(stage, "");
    drop(place.open());
    assert!(place.outside().execute_batch(change).is_err(), "the database itself refuses");
    let (db, _) = place.open();
    create_entity(&db, stage);
    assert!(db.read(verify).expect("verified").is_clean());
    place.run("DROP TRIGGER memory_audit_keeps_rows; DROP TRIGGER memory_audit_keeps_content");
    place.run(change);
    let report = db.read(verify).expect("verified");
    assert!(!report.is_clean(), "{}: {change}", stage.name);
    report
}

#[test]
fn the_command_line_tells_what_the_upgrade_did_and_what_has_no_provenance() {
    let cases = [
        (EARLIEST, "kept as they are: 0", vec![]),
        (AUDITED, "kept as they are: 0", vec![]),
        (
            ENTITIES,
            "kept as they are: 2",
            vec!["e-sys system", "e-wave-2 parameter \"wavelength\""],
        ),
        (FULL, "kept as they are: 1", vec!["e-rate-2 requirement \"Removal rate\""]),
    ];
    for (stage, count, names) in cases {
        let place = Place::python(stage, "");
        let output = place.atocore(&["audit", "verify"]);
        let told = stderr(&output);
        assert!(output.status.success(), "{}: {told}", stage.name);
        let backup = place.backups().pop().expect("a backup");
        assert!(told.contains(&format!("kept as {}", backup.display())), "{told}");
        assert!(told.contains("memories.version"), "{told}");
        assert!(told.contains("open conflicts: "), "{told}");
        for text in names.iter().chain([&count]) {
            assert!(told.contains(text), "{text} in {told}");
        }
    }
}

#[test]
fn an_upgraded_file_takes_new_work_and_corrections_of_old_rows() {
    for stage in &STAGES {
        let place = Place::python(stage, "");
        let (db, _) = place.open();
        let promoted = ops::write_and_detect_conflicts(&db, "ann", "promote", |tx| {
            promotion::promote_memory(tx, stage.candidate, None, "it was seen")
        });
        assert!(promoted.expect("promoted").value.outcome.changed, "{}", stage.name);
        let edit = MemoryUpdate {
            memory_id: stage.active.to_owned(),
            domain_tags: Some(vec!["Reviewed".to_owned()]),
            expected_version: Some(1),
            ..MemoryUpdate::default()
        };
        let updated = ops::write_and_detect_conflicts(&db, "ann", "update", |tx| {
            memories::update(tx, &edit, "")
        });
        assert_eq!(updated.expect("updated").value.row.domain_tags, ["reviewed"]);
        assert_eq!(create_entity(&db, stage).source_refs, [format!("memory:{}", stage.active)]);
        let report = db.read(verify).expect("verified");
        assert!(report.is_clean(), "{}: {report:?}", stage.name);
    }
}

fn create_entity(db: &Db, stage: &Stage) -> Entity {
    let new = NewEntity {
        entity_type: "component".to_owned(),
        name: "Lap".to_owned(),
        source_refs: vec![format!("memory:{}", stage.active)],
        ..NewEntity::default()
    };
    ops::write_and_detect_conflicts(db, "ann", "create", |tx| entities::create(tx, &new, ""))
        .expect("made")
        .value
        .row
}

#[test]
fn an_old_entity_without_provenance_can_be_given_a_source() {
    let place = Place::python(ENTITIES, "");
    let (db, _) = place.open();
    let edit = |source_refs: &[&str]| {
        let edit = EntityUpdate {
            entity_id: "e-sys".to_owned(),
            description: Some("The whole".to_owned()),
            source_refs: source_refs.iter().map(|text| (*text).to_owned()).collect(),
            ..EntityUpdate::default()
        };
        ops::write_and_detect_conflicts(&db, "ann", "update", |tx| entities::update(tx, &edit, ""))
    };
    assert_eq!(edit(&[]).expect_err("refused").code(), "provenance");
    assert_eq!(edit(&["chunk:c-1"]).expect("updated").value.row.version, 2);
    let left = db.read(ops::read::lookup::without_provenance).expect("read");
    assert_eq!(left.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["e-wave-2"]);
}

#[test]
fn ended_state_is_set_again_though_the_old_table_holds_one_row_for_a_key() {
    let place = Place::python(ENTITIES, "");
    let (db, _) = place.open();
    let wish = |key: &str, category: &str, end: bool| StateChange {
        project: "P05-Interferometer".to_owned(),
        category: category.to_owned(),
        key: key.to_owned(),
        value: Some("diode".to_owned()),
        end,
        ..StateChange::default()
    };
    for wish in [
        wish("laser", "decision", false),
        wish("phase", "status", true),
        wish("phase", "status", false),
    ] {
        let done = ops::write_and_detect_conflicts(&db, "ann", "set", |tx| {
            state::set_state(tx, &wish, "")
        })
        .expect("set");
        assert!(done.value.changed, "{wish:?}");
    }
    assert!(db.read(verify).expect("verified").is_clean());
    assert_eq!(ProjectState::KIND.as_str(), "project_state");
    assert_eq!(place.number("SELECT count(*) FROM project_state WHERE status = 'active'"), 2);
}

#[test]
fn a_row_with_null_for_its_project_or_instant_is_found_in_lists() {
    for change in ["", "UPDATE memories SET created_at = NULL WHERE id = 'm-3'"] {
        let place = Place::python(AUDITED, change);
        let output = place.atocore(&["candidates", "--project", "p04-gigabit"]);
        assert!(stdout(&output).contains("Invar is hard to machine."), "{}", stdout(&output));
    }
}
