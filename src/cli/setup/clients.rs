//! The table of clients: where each keeps its MCP servers, and in which form.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config_text::{ConfigFormat, EntryPlace};
use super::entry::{
    Launch, shape_continue, shape_copilot, shape_goose, shape_opencode, shape_plain, shape_stdio,
    shape_zed,
};
use crate::model::{Error, Result, StorageProblem};
use crate::platform::IS_WINDOWS;

/// A program that starts MCP servers.
pub struct Client {
    pub name: &'static str,
    pub title: &'static str,
    /// `None` if it keeps its servers in the application only.
    pub place: Option<fn(&Folders) -> ClientPlace>,
    pub slot: EntryPlace,
    /// A new file, before the entry is put in.
    pub new_file: &'static str,
    pub shape: fn(&Launch) -> Value,
    /// The form of answers, if one is known to be better than both.
    pub answers: Option<&'static str>,
    /// The client's own command, to which the program and its arguments are added.
    pub own_command: Option<&'static str>,
}

/// Where a client keeps its settings.
pub struct ClientPlace {
    /// Exists if the client is installed.
    pub folder: PathBuf,
    /// The file that is changed: the first of these that exists, else the first.
    pub files: Vec<PathBuf>,
}

impl ClientPlace {
    fn new(folder: PathBuf, names: &[&str]) -> Self {
        let files = names.iter().map(|name| folder.join(name)).collect();
        Self { folder, files }
    }

    pub fn file(&self) -> &Path {
        let existing = self.files.iter().find(|file| file.is_file());
        existing.or(self.files.first()).unwrap_or(&self.folder)
    }
}

/// The folders of the user in which clients keep their settings.
pub struct Folders {
    home: PathBuf,
    /// `$XDG_CONFIG_HOME` or `~/.config`, on every platform.
    dot_config: PathBuf,
    /// The platform's folder for the settings of applications.
    app_data: PathBuf,
}

impl Folders {
    pub fn find() -> Result<Self> {
        let folders = directories::BaseDirs::new().ok_or_else(|| {
            Error::storage(
                StorageProblem::WrongName,
                "this user has no home folder",
                "Name the client's file with --file.",
            )
        })?;
        let home = folders.home_dir().to_owned();
        let dot_config =
            folder_of_variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Ok(Self { dot_config, app_data: folders.config_dir().to_owned(), home })
    }

    fn vscode_user(&self) -> PathBuf {
        self.app_data.join("Code").join("User")
    }

    /// The settings of an extension of VS Code.
    fn vscode_extension(&self, id: &str) -> PathBuf {
        self.vscode_user().join("globalStorage").join(id).join("settings")
    }
}

fn folder_of_variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns the client with a name of the table.
pub fn find_client(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name)
}

const SERVERS: EntryPlace = EntryPlace { format: ConfigFormat::Json, key: "mcpServers" };

/// A client with the most common form, from which the others differ.
const COMMON: Client = Client {
    name: "",
    title: "",
    place: None,
    slot: SERVERS,
    new_file: "",
    shape: shape_plain,
    answers: None,
    own_command: None,
};

/// Clients that give their model the structured content alone, or the text alone, get the text: it
/// costs fewer tokens, and every version of a client passes it on if there is nothing else.
const TEXT: Option<&str> = Some("text");

pub const CLIENTS: [Client; 20] = [
    Client {
        name: "claude-code",
        title: "Claude Code",
        place: Some(|folders| match folder_of_variable("CLAUDE_CONFIG_DIR") {
            Some(folder) => ClientPlace::new(folder, &[".claude.json"]),
            None => ClientPlace {
                folder: folders.home.join(".claude"),
                files: vec![folders.home.join(".claude.json")],
            },
        }),
        shape: shape_stdio,
        answers: TEXT,
        own_command: Some("claude mcp add --scope user atocore --"),
        ..COMMON
    },
    Client {
        name: "claude-desktop",
        title: "Claude Desktop",
        place: Some(|folders| {
            ClientPlace::new(folders.app_data.join("Claude"), &["claude_desktop_config.json"])
        }),
        ..COMMON
    },
    Client {
        name: "cursor",
        title: "Cursor",
        place: Some(|folders| ClientPlace::new(folders.home.join(".cursor"), &["mcp.json"])),
        shape: shape_stdio,
        ..COMMON
    },
    Client {
        name: "vscode",
        title: "VS Code",
        place: Some(|folders| ClientPlace::new(folders.vscode_user(), &["mcp.json"])),
        slot: EntryPlace { format: ConfigFormat::Json, key: "servers" },
        shape: shape_stdio,
        answers: TEXT,
        ..COMMON
    },
    Client {
        name: "copilot-cli",
        title: "GitHub Copilot CLI",
        place: Some(|folders| {
            let folder = folder_of_variable("COPILOT_HOME");
            let folder = folder.unwrap_or_else(|| folders.home.join(".copilot"));
            ClientPlace::new(folder, &["mcp-config.json"])
        }),
        shape: shape_copilot,
        answers: TEXT,
        own_command: Some("copilot mcp add atocore --"),
        ..COMMON
    },
    Client {
        name: "codex",
        title: "Codex",
        place: Some(|folders| {
            let folder = folder_of_variable("CODEX_HOME");
            let folder = folder.unwrap_or_else(|| folders.home.join(".codex"));
            ClientPlace::new(folder, &["config.toml"])
        }),
        slot: EntryPlace { format: ConfigFormat::Toml, key: "mcp_servers" },
        answers: TEXT,
        own_command: Some("codex mcp add atocore --"),
        ..COMMON
    },
    Client {
        name: "gemini",
        title: "Gemini CLI",
        place: Some(|folders| ClientPlace::new(folders.home.join(".gemini"), &["settings.json"])),
        own_command: Some("gemini mcp add --scope user atocore --"),
        ..COMMON
    },
    Client {
        name: "qwen",
        title: "Qwen Code",
        place: Some(|folders| ClientPlace::new(folders.home.join(".qwen"), &["settings.json"])),
        own_command: Some("qwen mcp add --scope user atocore --"),
        ..COMMON
    },
    Client {
        name: "zed",
        title: "Zed",
        place: Some(|folders| {
            let base = if IS_WINDOWS { &folders.app_data } else { &folders.dot_config };
            let name = if IS_WINDOWS { "Zed" } else { "zed" };
            ClientPlace::new(base.join(name), &["settings.json"])
        }),
        slot: EntryPlace { format: ConfigFormat::Json, key: "context_servers" },
        shape: shape_zed,
        ..COMMON
    },
    Client {
        name: "windsurf",
        title: "Windsurf",
        place: Some(|folders| {
            let folder = folders.home.join(".codeium").join("windsurf");
            ClientPlace::new(folder, &["mcp_config.json"])
        }),
        ..COMMON
    },
    Client {
        name: "opencode",
        title: "opencode",
        place: Some(|folders| {
            let names = ["opencode.json", "opencode.jsonc", "config.json"];
            ClientPlace::new(folders.dot_config.join("opencode"), &names)
        }),
        slot: EntryPlace { format: ConfigFormat::Json, key: "mcp" },
        shape: shape_opencode,
        answers: TEXT,
        ..COMMON
    },
    Client {
        name: "goose",
        title: "goose",
        place: Some(|folders| {
            let folder = match IS_WINDOWS {
                true => folders.app_data.join("Block").join("goose").join("config"),
                false => folders.dot_config.join("goose"),
            };
            ClientPlace::new(folder, &["config.yaml"])
        }),
        slot: EntryPlace { format: ConfigFormat::Yaml, key: "extensions" },
        shape: shape_goose,
        ..COMMON
    },
    Client {
        name: "cline",
        title: "Cline (VS Code)",
        place: Some(|folders| {
            let folder = folders.vscode_extension("saoudrizwan.claude-dev");
            ClientPlace::new(folder, &["cline_mcp_settings.json"])
        }),
        ..COMMON
    },
    Client {
        name: "roo",
        title: "Roo Code (VS Code)",
        place: Some(|folders| {
            let folder = folders.vscode_extension("rooveterinaryinc.roo-cline");
            ClientPlace::new(folder, &["mcp_settings.json"])
        }),
        ..COMMON
    },
    Client {
        name: "continue",
        title: "Continue",
        place: Some(|folders| ClientPlace::new(folders.home.join(".continue"), &["config.yaml"])),
        slot: EntryPlace { format: ConfigFormat::YamlList, key: "mcpServers" },
        shape: shape_continue,
        new_file: "name: Local\nversion: 1.0.0\nschema: v1\n",
        ..COMMON
    },
    Client { name: "jetbrains", title: "JetBrains AI Assistant", ..COMMON },
    Client {
        name: "kiro",
        title: "Kiro",
        place: Some(|folders| {
            let folder = folders.home.join(".kiro").join("settings");
            ClientPlace::new(folder, &["mcp.json"])
        }),
        ..COMMON
    },
    Client {
        name: "amp",
        title: "Amp",
        place: Some(|folders| {
            ClientPlace::new(folders.dot_config.join("amp"), &["settings.json", "settings.jsonc"])
        }),
        slot: EntryPlace { format: ConfigFormat::Json, key: "amp.mcpServers" },
        own_command: Some("amp mcp add atocore --"),
        ..COMMON
    },
    Client {
        name: "warp",
        title: "Warp",
        place: Some(|folders| ClientPlace::new(folders.home.join(".warp"), &[".mcp.json"])),
        ..COMMON
    },
    Client {
        name: "lm-studio",
        title: "LM Studio",
        place: Some(|folders| ClientPlace::new(folders.home.join(".lmstudio"), &["mcp.json"])),
        ..COMMON
    },
];
