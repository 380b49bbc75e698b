//! `atocore demo`.
pub fn run() -> crate::model::Result<std::process::ExitCode> {
    todo!()
}
