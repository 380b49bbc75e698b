//! Memory files of the reference server: whatever is in one, it is planned, stored and accounted for.

use atocore::model::Ontology;
use atocore::ops::exchange::import::{LineImport, store_lines};
use atocore::ops::exchange::server_memory::{MemoryFileArgs, Plan, TypeMapping};
use atocore::ops::write::entities::InitialStatus;

use super::world::{self, World};

pub fn run(data: &[u8]) {
    let active = data.len().is_multiple_of(2);
    let wish = MemoryFileArgs {
        file: "memory.jsonl".to_owned(),
        project: Some("lynx".to_owned()),
        status: if active { InitialStatus::Active } else { InitialStatus::Candidate },
        default_type: "artifact".to_owned(),
        mapping: TypeMapping::default(),
        allow_secrets: active,
    };
    let plan = Plan::new(data, &Ontology::default(), &wish).expect("any bytes are a file");
    let observations = plan.report.notes.iter().find(|note| note.about == "observations");
    let observations = observations.expect("their counts");
    assert!(observations.counts["as memories"] <= observations.count);
    let unread = plan.report.refused.len();
    world::with(|world| {
        world.undone(|tx| {
            let mut import = LineImport::new("", plan.report.clone());
            store_lines(tx, &plan.lines, &mut import).expect("no line fails the program");
            let report = import.report;
            let done: usize = report.created.values().chain(report.existing.values()).sum();
            let refused = report.refused.len() - unread;
            assert_eq!(done + refused, plan.lines.len(), "every line has an outcome");
            World::check(tx);
        });
    });
}
