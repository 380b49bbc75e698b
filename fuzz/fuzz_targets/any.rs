//! Runs the target that the environment variable TARGET names, guided by coverage.
//!
//! One program for all of them: each would take as long to build as the whole of atocore.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/fuzz/mod.rs"]
mod targets;

static CHOSEN: LazyLock<targets::Target> = LazyLock::new(|| {
    let name = std::env::var("TARGET").expect("TARGET names a target of tests/fuzz");
    let found = targets::TARGETS.iter().find(|(known, _)| *known == name);
    found.expect("TARGET names a target of tests/fuzz").1
});

fuzz_target!(|data: &[u8]| CHOSEN(data));
