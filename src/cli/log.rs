//! The log, written to standard error or a file. At `info` each call is logged with its outcome and
//! duration, but without stored data.

use std::fs::{File, OpenOptions};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::{ArgAction, Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::paths::path_parser;
use super::plain::SanitizingWriter;
use crate::model::{Error, Result, StorageProblem};
use crate::platform::restrict_new_file;

/// The target of the line that names the file.
pub const FILE_TARGET: &str = "atocore::file";

#[derive(Args)]
#[command(next_help_heading = "Common options")]
pub struct LogOptions {
    /// The log level; info has a line for each call, with its outcome and duration
    #[arg(long = "log", global = true, value_name = "LEVEL", value_enum, default_value_t)]
    log_level: Level,
    /// More log: -v is info, -vv is debug
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "log_level")]
    verbose: u8,
    /// Less log: errors only
    #[arg(short, long, global = true, conflicts_with_all = ["log_level", "verbose"])]
    quiet: bool,
    /// The file to append the log to; standard error if omitted
    #[arg(long = "log-file", env = "ATOCORE_LOG_FILE", global = true, value_name = "FILE", value_parser = path_parser())]
    log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Level {
    Error,
    #[default]
    Warn,
    Info,
    Debug,
}

impl LogOptions {
    fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Error,
            (false, 0) => self.log_level,
            (false, 1) => Level::Info,
            (false, _) => Level::Debug,
        }
    }

    pub fn start(&self) -> Result<()> {
        let chosen = self.level();
        let level = match chosen {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
        };
        // The SDK logs received messages, which may contain stored data.
        let of_others = if chosen == Level::Debug { level } else { LevelFilter::ERROR };
        let writer = match self.log_file.as_deref().filter(|file| !file.as_os_str().is_empty()) {
            Some(path) => BoxMakeWriter::new(Mutex::new(SanitizingWriter(open(path)?))),
            None => BoxMakeWriter::new(|| SanitizingWriter(std::io::stderr())),
        };
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
        let targets = Targets::new().with_default(of_others).with_target("atocore", level);
        let targets = match chosen {
            Level::Error => targets,
            _ => targets.with_target(FILE_TARGET, level.max(LevelFilter::INFO)),
        };
        tracing_subscriber::registry().with(targets).with(lines).init();
        std::panic::set_hook(Box::new(log_panic));
        Ok(())
    }
}

/// Logs a panic. Its message is logged only at debug, since it may contain stored data.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!("panicked at {at}; --log debug tells why");
    tracing::debug!("{panic}");
}

/// Opens the file to append to; a new file is readable only by this user.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    restrict_new_file(&mut options);
    options.open(path).map_err(|error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("the log {} cannot be written: {error}", path.display()),
            "Name a file in a folder that is there with --log-file.",
        )
    })
}
