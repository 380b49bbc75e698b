//! What many rows in one place cost: it grows with their number, and not with its square.

use serde_json::json;

use crate::support::Place;

#[test]
fn the_audit_of_a_conflict_that_many_rows_join_grows_with_their_number() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut sizes = Vec::new();
    for round in 0..3 {
        for number in 0..60 {
            let content = format!("{round} {number} {}", "long ".repeat(2_000));
            session.ok(
                "create_memory",
                json!({ "memory_type": "project", "content": content, "subject": "one", "status": "active" }),
            );
        }
        sizes.push(
            place.count("SELECT sum(length(before_json) + length(after_json)) FROM memory_audit"),
        );
    }
    session.end();
    let (second, third) = (sizes[1] - sizes[0], sizes[2] - sizes[1]);
    assert!(third < second + second / 5, "{sizes:?}");
    assert_eq!(place.count("SELECT count(*) FROM conflicts"), 1);
    place.verify();
}

#[test]
fn a_value_of_many_digits_is_compared_in_no_time() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let memories: Vec<_> = (0..50)
        .map(|number| {
            json!({ "memory_type": "project", "content": format!("{number}{}", "1".repeat(31_000)),
                    "subject": format!("digits {number}"), "status": "active" })
        })
        .collect();
    let made = session.ok("create_batch", json!({ "memories": memories }));
    assert_eq!(made["created"], 50);
    session.end();
}
