//! `atocore backup` and `atocore restore`, and the automatic backups of a server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::next_step::render_hint;
use super::options::Cli;
use super::out;
use super::paths::path_parser;
use crate::app::Settings;
use crate::model::text::count_noun;
use crate::model::{Error, Result};
use crate::ops::maintain::backup::{self, BackupTurn, Contents, Copied, IfThere, Rotation};

#[derive(Args)]
pub struct Backup {
    /// The file to write; it must not exist
    #[arg(value_parser = path_parser())]
    file: PathBuf,
}

#[derive(Args)]
pub struct Restore {
    /// The backup file
    #[arg(value_parser = path_parser())]
    file: PathBuf,
    /// If the target file exists, keep it as <name>.<instant>.replaced
    #[arg(long)]
    replace: bool,
}

/// The schedule of a server's automatic backups.
#[derive(Args, Clone, Copy, Default)]
pub struct Automatic {
    /// Make a backup in <file>.backups unless the newest one is younger than this many hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8_760))]
    backup_every: Option<u32>,
    /// Number of these backups to keep
    #[arg(long, value_name = "COUNT", default_value_t = 7, requires = "backup_every",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    keep_backups: u32,
}

impl Automatic {
    pub fn rotation(self) -> Option<Rotation> {
        self.backup_every.map(|hours| Rotation { hours, keep: self.keep_backups })
    }
}

pub fn back_up(cli: &Cli, wish: &Backup) -> Result<ExitCode> {
    if wish.file.as_os_str() == "-" {
        let hint = "Name a file; ./- is one that is called so.";
        return Err(Error::invalid("FILE", "a backup is not written to standard output", hint));
    }
    cli.refuse_missing()?;
    let copied = backup::make_backup(&cli.settings()?, &wish.file)?;
    out::print_line(format!("backed up to {}", wish.file.display()));
    print(&copied);
    Ok(ExitCode::SUCCESS)
}

pub fn restore(cli: &Cli, wish: &Restore) -> Result<ExitCode> {
    let settings = cli.settings()?;
    let if_there = if wish.replace { IfThere::SetAside } else { IfThere::Refuse };
    let restored = backup::restore(&settings, &wish.file, if_there)?;
    out::print_line(format!("restored {}", wish.file.display()));
    print(&restored.copied);
    if let Some(kept) = restored.kept {
        let name = kept.file_name().unwrap_or_default().display();
        out::print_line(format!("the file that was there is kept beside it as {name}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(copied: &Copied<Contents>) {
    let Contents { rows, audit_rows, head } = &copied.found;
    let (rows, audit_rows) = (count_noun(rows, "row"), count_noun(audit_rows, "audit row"));
    out::print_line(format!("{rows}, {audit_rows}, {} bytes", copied.bytes));
    out::print_line(format!("head {head}"));
}

/// Wait before the next attempt if a backup failed or another server is making one.
const AGAIN: Duration = Duration::from_secs(600);

/// Makes backups as long as the server runs, on its own connection and thread, so that no call
/// waits for them.
pub async fn keep_backups(settings: Settings, rotation: Rotation) {
    loop {
        let settings = settings.clone();
        let making = tokio::task::spawn_blocking(move || backup::in_turn(&settings, rotation));
        let wait = match making.await {
            Ok(Ok(BackupTurn::Made { path, removed })) => {
                tracing::info!("backed up to {}; {removed} older ones removed", path.display());
                Duration::from_secs(u64::from(rotation.hours) * 3_600)
            }
            Ok(Ok(BackupTurn::Later(seconds))) => Duration::from_secs(seconds),
            Ok(Ok(BackupTurn::Elsewhere)) => AGAIN,
            Ok(Err(error)) => {
                tracing::warn!("no backup was made: {error}. {}", render_hint(&error));
                AGAIN
            }
            Err(error) => {
                tracing::error!("the backup: {error}");
                AGAIN
            }
        };
        tokio::time::sleep(wait).await;
    }
}
