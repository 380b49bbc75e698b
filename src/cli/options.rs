//! The options that all commands share, and the store that they open.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::builder::EnumValueParser;
use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::default_store::find_default_store;
use super::out;
use super::paths::{EmptyIsUnset, path_parser, split_variable};
use crate::app::person_access::PersonAccess;
use crate::app::{Db, Durability, Settings, Upgrade, open};
use crate::model::text::{count_noun, quote_text};
use crate::model::{Error, Ontology, Result, StorageProblem, Timestamp};
use crate::ops::record::actor::{check_actor, name_actor};
use crate::ops::record::used_ontology::{OntologyUse, take_over};
use crate::ops::sources::files::{self, Root};
use crate::ops::{self, View, sources};
use crate::platform::quote_for_shell;

/// Maximum bytes of an ontology file.
const MAX_ONTOLOGY: usize = 1024 * 1024;

#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
pub struct Cli {
    /// The SQLite file; serve and import create it if it does not exist. Default: that of the last
    /// `atocore setup`, else atocore.db in the platform's data folder of atocore.
    #[arg(long, env = "ATOCORE_DB", global = true, value_name = "FILE", value_parser = path_parser())]
    db: Option<PathBuf>,
    /// A TOML file that adds entity types, relationship types and slots (docs/ontology.md).
    #[arg(long, env = "ATOCORE_ONTOLOGY", global = true, value_name = "FILE", value_parser = path_parser())]
    ontology: Option<PathBuf>,
    /// Durability of a commit: it survives a killed process (normal), or also a power cut (full).
    #[arg(long, env = "ATOCORE_DURABILITY", global = true, value_name = "LEVEL", default_value = "normal",
          value_parser = EmptyIsUnset(EnumValueParser::<DurabilityChoice>::new()))]
    durability: DurabilityChoice,
    /// How long a write waits for another process, in milliseconds.
    #[arg(long, global = true, value_name = "MS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(0..=600_000))]
    busy_timeout: u64,
    /// Also store text that looks like a password, key or token; without this option such a write
    /// is an error.
    #[arg(long, global = true)]
    allow_secrets: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum DurabilityChoice {
    #[default]
    Normal,
    Full,
}

impl Cli {
    pub fn ontology_path(&self) -> Option<&PathBuf> {
        self.ontology.as_ref().filter(|path| !path.as_os_str().is_empty())
    }

    pub fn ontology(&self) -> Result<Ontology> {
        let Some(path) = self.ontology_path() else {
            return Ok(Ontology::default());
        };
        let unreadable = |error: std::io::Error| {
            Error::storage(
                StorageProblem::WrongName,
                format!("{} cannot be read: {error}", path.display()),
                "Give --ontology a TOML file in UTF-8.",
            )
        };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_ONTOLOGY as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        let name = path.display().to_string();
        ops::record::validate::at_most(&name, text.len(), MAX_ONTOLOGY, "bytes or more")?;
        Ontology::extended(&text, &path.display().to_string())
    }

    pub fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::new(self.database_path()?);
        settings.durability = match self.durability {
            DurabilityChoice::Normal => Durability::Normal,
            DurabilityChoice::Full => Durability::Full,
        };
        settings.busy_timeout = Duration::from_millis(self.busy_timeout);
        settings.ontology = Arc::new(self.ontology()?);
        settings.ontology_given = self.ontology_path().is_some();
        settings.allow_secrets = self.allow_secrets;
        if let Some(seed) = std::env::var("ATOCORE_TEST_SEED").ok().and_then(|s| s.parse().ok()) {
            use_deterministic_ids(&mut settings, seed);
        }
        Ok(settings)
    }

    /// Returns the options by which a command in another folder opens the same store, quoted for a
    /// shell; each after a space. `same_shell`: its environment variables stay as they are.
    pub fn store_options(&self, same_shell: bool) -> Result<String> {
        let path = self.database_path()?;
        let is_default = find_default_store().ok().as_ref() == Some(&path);
        let ontology = self.ontology_path().cloned();
        let mut options = String::new();
        for (option, variable, path) in [
            ("--db", "ATOCORE_DB", Some(path).filter(|_| !is_default)),
            ("--ontology", "ATOCORE_ONTOLOGY", ontology),
        ] {
            let variable = std::env::var_os(variable).map(PathBuf::from);
            if let Some(path) = path.filter(|path| !same_shell || variable.as_ref() != Some(path)) {
                let path = quote_for_shell(&show_absolute(&path));
                options.push_str(&format!(" {option} {path}"));
            }
        }
        Ok(options)
    }

    /// Returns the ways of a person to the store of a server on this machine.
    pub fn person_access(&self) -> Result<PersonAccess> {
        let store_options = self.store_options(false)?;
        Ok(PersonAccess::Local { store_options, store: self.database_path()? })
    }

    pub fn database_path(&self) -> Result<PathBuf> {
        match self.db.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => Ok(path.clone()),
            None => find_default_store(),
        }
    }

    /// Opens an existing store; for commands that must not create one.
    pub fn open_existing(&self) -> Result<Db> {
        self.refuse_missing()?;
        self.open()
    }

    pub fn refuse_missing(&self) -> Result<()> {
        let path = self.database_path()?;
        if path.exists() {
            return Ok(());
        }
        Err(Error::storage(
            StorageProblem::WrongName,
            format!("there is no file {}", path.display()),
            "Name an existing file with --db or ATOCORE_DB.",
        ))
    }

    /// Opens the store; an upgrade is reported on standard error.
    pub fn open(&self) -> Result<Db> {
        self.open_with(self.settings()?)
    }

    pub fn open_with(&self, settings: Settings) -> Result<Db> {
        self.open_reporting(settings).map(|(db, _)| db)
    }

    /// As [`Self::open_with`]; also returns whether the file was upgraded.
    pub fn open_reporting(&self, settings: Settings) -> Result<(Db, bool)> {
        let (db, upgrade) = open(settings)?;
        if let Some(upgrade) = &upgrade {
            report_upgrade(&db, upgrade)?;
        }
        report_ontology(&take_over(&db)?);
        let survives = match db.durability()? {
            Some(Durability::Normal) => "a killed process",
            Some(Durability::Full) => "a killed process and a power cut",
            None => "nothing that is known",
        };
        let path = show_absolute(&db.settings().path);
        tracing::info!("{path} is open; a commit survives {survives}");
        Ok((db, upgrade.is_some()))
    }
}

/// Shows the absolute path of a file: in another working directory a relative one names another file.
pub fn show_absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// The folders that documents may be read from.
#[derive(Args, Default)]
pub struct Roots {
    /// A folder that documents may be read from and are named relative to; may be repeated (or
    /// ATOCORE_ROOTS)
    #[arg(long = "root", value_name = "DIR", value_parser = path_parser())]
    given: Vec<PathBuf>,
}

impl Roots {
    /// Only this folder.
    pub fn only(folder: PathBuf) -> Self {
        Self { given: vec![folder] }
    }

    pub fn open(&self) -> Result<Vec<Root>> {
        let given = self.given.iter().filter(|path| !path.as_os_str().is_empty());
        let given: Vec<_> = given.map(|path| Root::new(path)).collect::<Result<_>>()?;
        match std::env::var_os("ATOCORE_ROOTS").filter(|_| given.is_empty()) {
            Some(named) => {
                let named = split_variable("ATOCORE_ROOTS", &named)?;
                named.iter().map(|path| Root::new(path)).collect()
            }
            None => Ok(given),
        }
    }

    /// Resolves a path of the command line and its root; only --root excludes other paths.
    pub fn place(&self, view: &View<'_>, roots: &[Root], path: &Path) -> Result<(Root, PathBuf)> {
        match files::find_root(roots, path) {
            Err(_) if self.given.is_empty() => {
                let (root, path) = files::resolve_rooted(path)?;
                let known = sources::known_root(view, &path)?;
                Ok((known.map_or(Ok(root), |known| Root::new(&known))?, path))
            }
            other => other,
        }
    }
}

fn report_ontology(used: &OntologyUse) {
    match used {
        OntologyUse::Same => {}
        OntologyUse::TakenOver { rows, conflicts } => out::error_line(format!(
            "the claims were derived again with this ontology: {} had others; {} changed",
            count_noun(*rows, "row"),
            count_noun(*conflicts, "conflict")
        )),
        OntologyUse::Lacking { slots } => out::error_line(format!(
            "this file was used with an ontology file that adds the slots {}. Without it (--ontology \
             FILE) their claims stay as they are, and no contradiction in them is looked for",
            slots.join(", ")
        )),
    }
}

pub fn report_upgrade(db: &Db, upgrade: &Upgrade) -> Result<()> {
    let backup = upgrade.backup.display();
    out::error_line(format!("upgraded the file; the old one is kept as {backup}"));
    out::error_line(format!("added: {}", upgrade.added.join(", ")));
    let open = db.read(ops::write::conflicts::count_open)?;
    out::error_line(format!("open conflicts: {open}"));
    let unsourced = db.read(ops::read::lookup::without_provenance)?;
    out::error_line(format!(
        "active entities without source or signature, kept as they are: {}",
        unsourced.len()
    ));
    for entity in &unsourced {
        out::error_line(format!(
            "  {} {} {}",
            entity.id,
            entity.entity_type,
            quote_text(&entity.name, 160)
        ));
    }
    Ok(())
}

/// Returns the actor of a command: the given name, else the name of the user.
pub fn actor_name(given: Option<&str>) -> Result<String> {
    if let Some(given) = given {
        return check_actor(given);
    }
    let user = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let actor = user.and_then(|user| name_actor("user", &user));
    Ok(actor.unwrap_or_else(|| "command line".to_owned()))
}

/// Makes timestamps and ids count up from a seed, so that tests get reproducible bytes
/// (`ATOCORE_TEST_SEED`, see CONTRIBUTING.md).
fn use_deterministic_ids(settings: &mut Settings, seed: u64) {
    let ticks = AtomicU64::new(0);
    let ids = AtomicU64::new(seed << 24);
    let start =
        Timestamp::parse("2026-01-01T00:00:00Z").map(|t| t.plus_seconds(seed as i64 * 86_400));
    if let Some(start) = start {
        settings.clock =
            Arc::new(move || start.plus_seconds(ticks.fetch_add(1, Ordering::Relaxed) as i64));
    }
    settings.ids = Arc::new(move || {
        let number = ids.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
    });
}
