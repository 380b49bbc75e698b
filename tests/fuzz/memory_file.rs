//! Memory files of the reference server: whatever is in one, it is planned, stored and accounted for.

use atocore::model::{Error, Ontology};
use atocore::ops::exchange::server_memory::{MemoryFileArgs, Plan, StoredPlan};
use atocore::ops::write::conflicts;
use atocore::ops::write::entities::InitialStatus;

use super::world::{self, World};

pub fn run(data: &[u8]) {
    let active = data.len().is_multiple_of(2);
    let wish = MemoryFileArgs {
        file: "memory.jsonl".to_owned(),
        project: Some("lynx".to_owned()),
        status: if active { InitialStatus::Active } else { InitialStatus::Candidate },
        default_type: "artifact".to_owned(),
    };
    let plan = Plan::new(data, &Ontology::default(), &wish).expect("any bytes are a file");
    assert!(plan.as_memories <= plan.observations);
    world::with(|world| {
        world.undone(|tx| {
            let mut stored = StoredPlan::default();
            match plan.store(tx, 0..plan.rows(), &mut stored) {
                Ok(()) => {}
                Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                    panic!("{error}");
                }
                Err(error) => panic!("an error that is none of a row: {error}"),
            }
            conflicts::detect_conflicts(tx).expect("conflicts");
            let entities = stored.entity_counts();
            let rows = [entities, stored.memories, stored.relationships];
            let done: usize = rows.iter().map(|counts| counts.created + counts.existing).sum();
            assert_eq!(done + stored.refused.len(), plan.rows(), "every row has an outcome");
            World::check(tx);
        });
    });
}
