//! The program: reads the arguments and calls.

use std::process::ExitCode;

fn main() -> ExitCode {
    atocore::cli::run()
}
