//! Random sequences of operations against a model of the rules, and what must hold after each.
//!
//! ATOCORE_RANDOM_SEED takes another seed, ATOCORE_RANDOM_STEPS more steps. proptest makes the
//! sequences, and shrinks one that fails.

mod checks;
mod join;
mod model;
mod operations;
mod seen;
mod slots;
mod steps;
mod taken_back;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use checks::Checks;
use model::Model;
use steps::{Step, step};
use world::World;

/// Operations of one run of the tests, each with all checks after it.
const STEPS: u64 = 10_000;
/// Operations of a sequence: enough to meet, on a store that is small enough to be looked at whole.
const LENGTH: std::ops::Range<usize> = 12..32;
const THREADS: u64 = 4;

fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

/// Does the steps on a new store and on the model.
fn sequence(steps: &[Step], done: &AtomicU64) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("random.db");
    let mut world = World::new(&path);
    let mut model = Model::default();
    let mut checks = Checks::new(folder.path(), path);
    for step in steps {
        let (chosen, wish) = world.choose(step).unzip();
        let predicted = model.take(step, chosen);
        assert_eq!(world.take(step, wish), predicted, "{step:?}");
        checks.after(step, &mut world, &model);
        done.fetch_add(1, Ordering::Relaxed);
    }
    checks.at_the_end(&world);
}

/// Sequences from a seed until enough steps were done.
fn sequences(seed: u64, wanted: u64) -> Result<u64, String> {
    let done = AtomicU64::new(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: u32::try_from(wanted / LENGTH.start as u64).expect("a number of sequences"),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..Config::default()
    };
    let enough = || done.load(Ordering::Relaxed) >= wanted;
    let outcome = TestRunner::new_with_rng(config, chance).run(
        &prop::collection::vec(step(), LENGTH),
        |steps| {
            if !enough() {
                sequence(&steps, &done);
            }
            Ok(())
        },
    );
    outcome.map(|()| done.into_inner()).map_err(|error| error.to_string())
}

#[test]
fn after_every_step_the_store_is_what_the_model_says_and_whole() {
    let (seed, wanted) = (number("ATOCORE_RANDOM_SEED", 0), number("ATOCORE_RANDOM_STEPS", STEPS));
    let workers: Vec<_> = (0..THREADS)
        .map(|worker| {
            thread::spawn(move || sequences(seed * THREADS + worker, wanted.div_ceil(THREADS)))
        })
        .collect();
    let done = workers.into_iter().map(|worker| worker.join().expect("a worker"));
    let done: Vec<u64> = done.map(|done| done.unwrap_or_else(|error| panic!("{error}"))).collect();
    assert!(done.iter().sum::<u64>() >= wanted, "only {done:?} steps were done");
}
