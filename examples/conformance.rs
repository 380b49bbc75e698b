//! The program with the fixtures of the conformance suite, which no other build has:
//! `.ci/clients/conformance/run fixtures`.

use std::process::ExitCode;

fn main() -> ExitCode {
    atocore::run_command_line()
}
