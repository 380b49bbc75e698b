//! Conflicts that the Python system left: what was decided there stays decided.

use atocore::model::{Entity, Status};
use atocore::ops;
use atocore::ops::write::conflicts::resolve::Resolution;
use atocore::ops::write::conflicts::{self, ResolveRequest};
use atocore::ops::write::lifecycle_rows;

use super::FULL;
use super::support::Place;

#[test]
fn what_was_dismissed_there_is_not_raised_again() {
    let dismissed = "UPDATE conflicts SET status = 'dismissed', resolution = 'dismiss', \
         resolved_at = '2026-01-25 10:00:00' WHERE id = 'k-1'";
    let place = Place::python(FULL, dismissed);
    let (db, _) = place.open();
    drop(db);
    let sql = "SELECT count(*) FROM conflicts WHERE slot_kind = 'component.material'";
    assert_eq!(place.number(sql), 1);
}

#[test]
fn the_winner_of_an_old_conflict_supersedes_the_others() {
    let open = "INSERT INTO conflicts VALUES ('k-3', 'requirement.name_value', \
         'p06-polisher:removal rate', 'p06-polisher', 'open', '', NULL, '2026-01-26 10:00:01', ''); \
         INSERT INTO conflict_members VALUES \
         ('k-3-a', 'k-3', 'entity', 'e-rate-1', 2, 'At least 2 mm3/min'), \
         ('k-3-b', 'k-3', 'entity', 'e-rate-2', 2, 'At least 3 mm3/min')";
    let place = Place::python(FULL, open);
    let (db, _) = place.open();
    let wish = ResolveRequest {
        conflict_id: "k-3".to_owned(),
        resolution: Resolution::SupersedeOthers,
        winner_id: Some("e-rate-2".to_owned()),
    };
    let done = ops::write_and_detect_conflicts(&db, "ann", "resolve", |tx| {
        conflicts::resolve(tx, &wish, "")
    });
    let resolved = done.expect("resolved").value;
    let status = |id: &str| {
        db.read(|view| Ok(lifecycle_rows::require_row::<Entity>(view, id)?.status))
            .expect("an entity")
    };
    assert_eq!(resolved.superseded, ["e-rate-1"]);
    assert_eq!(status("e-rate-1"), Status::Superseded);
    assert_eq!(status("e-rate-2"), Status::Active);
}
