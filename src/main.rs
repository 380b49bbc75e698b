//! The entry point of the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    atocore::run_command_line()
}
