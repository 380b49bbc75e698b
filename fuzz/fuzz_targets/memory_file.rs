//! See tests/fuzz/memory_file.rs.
#![no_main]

#[path = "../../tests/fuzz/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::memory_file::run(data));
