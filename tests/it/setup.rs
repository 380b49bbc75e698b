//! `atocore setup`: in each client's file only our entry changes, and a removal restores the bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::Place;

/// Each client with a file: its name, where the file is, and the key of its servers.
const CLIENTS: [(&str, &str, &str); 19] = [
    ("claude-code", ".claude.json", "mcpServers"),
    ("claude-desktop", ".config/Claude/claude_desktop_config.json", "mcpServers"),
    ("cursor", ".cursor/mcp.json", "mcpServers"),
    ("vscode", ".config/Code/User/mcp.json", "servers"),
    ("copilot-cli", ".copilot/mcp-config.json", "mcpServers"),
    ("codex", ".codex/config.toml", "mcp_servers"),
    ("gemini", ".gemini/settings.json", "mcpServers"),
    ("qwen", ".qwen/settings.json", "mcpServers"),
    ("zed", ".config/zed/settings.json", "context_servers"),
    ("windsurf", ".codeium/windsurf/mcp_config.json", "mcpServers"),
    ("opencode", ".config/opencode/opencode.json", "mcp"),
    ("goose", ".config/goose/config.yaml", "extensions"),
    (
        "cline",
        ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        "mcpServers",
    ),
    (
        "roo",
        ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
        "mcpServers",
    ),
    ("continue", ".continue/config.yaml", "mcpServers"),
    ("kiro", ".kiro/settings/mcp.json", "mcpServers"),
    ("amp", ".config/amp/settings.json", "amp.mcpServers"),
    ("warp", ".warp/.mcp.json", "mcpServers"),
    ("lm-studio", ".lmstudio/mcp.json", "mcpServers"),
];

/// A home folder of its own.
struct Home {
    place: Place,
}

impl Home {
    fn new() -> Self {
        Self { place: Place::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.folder.path().join(name)
    }

    /// Runs the program without a store in its environment.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atocore"));
        let names = "ATOCORE_DB ATOCORE_ONTOLOGY XDG_CONFIG_HOME XDG_DATA_HOME CLAUDE_CONFIG_DIR \
                     CODEX_HOME COPILOT_HOME";
        for name in names.split_whitespace() {
            command.env_remove(name);
        }
        let folder = self.place.folder.path();
        command.env("HOME", folder).current_dir(folder).args(arguments);
        command.output().expect("it runs")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command that is refused, and returns its output and its error.
    fn fail(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// Every file with its bytes.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.place.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => drop(files.insert(path.clone(), fs::read(path).expect("a file"))),
                }
            }
        }
        files
    }
}

fn fixture(client: &str) -> String {
    let folder = Path::new("tests/fixtures/clients");
    let names = ["json", "toml", "yaml"].map(|ending| folder.join(format!("{client}.{ending}")));
    let file = names.iter().find(|file| file.is_file()).expect(client);
    fs::read_to_string(file).expect("a text")
}

/// Asserts that every byte is kept in its order, and that all but our entry means what it meant.
fn assert_added(file: &str, key: &str, before: &str, after: &str) {
    let mut bytes = after.bytes();
    assert!(before.bytes().all(|byte| bytes.any(|other| other == byte)), "{after}");
    if file.ends_with("yaml") {
        let mut lines = after.lines();
        assert!(before.lines().all(|line| lines.any(|other| other == line)), "{after}");
        return;
    }
    let parse = |text: &str| -> Value {
        let text = text.trim_start_matches('\u{feff}');
        match file.ends_with("toml") {
            true => toml::from_str(text).expect("TOML"),
            false => jsonc_parser::parse_to_serde_value(text, &Default::default()).expect("JSON"),
        }
    };
    let mut rest = parse(after);
    let servers = rest[key].as_object_mut().expect("the servers");
    assert!(
        servers
            .remove("atocore")
            .is_some_and(|entry| entry["command"].is_string() || entry["command"].is_array())
    );
    assert_eq!(rest, parse(before));
}

#[test]
fn only_our_entry_changes_in_the_file_of_each_client() {
    for (client, file, key) in CLIENTS {
        let home = Home::new();
        let before = fixture(client);
        home.write(file, &before);
        let all = home.files();
        let set_up = ["--db", "a/b.db", "setup", client, "--project", "p07-lynx"];
        let shown = home.succeed(&[&set_up[..], &["--dry-run"]].concat());
        assert!(shown.contains("@@") && shown.contains("dry run"), "{shown}");
        assert_eq!(home.files(), all, "{client}: a dry run writes nothing");

        let shown = home.succeed(&set_up);
        let after = home.read(file);
        assert_added(file, key, &before, &after);
        let store = home.path("a/b.db");
        for text in [env!("CARGO_BIN_EXE_atocore"), store.to_str().expect("text"), "p07-lynx"] {
            assert!(after.contains(&format!("\"{text}\"")), "{client}: {text} in {after}");
            assert!(text == "p07-lynx" || shown.contains(text), "{shown}");
        }
        assert_eq!(home.read(&format!("{file}.atocore-backup")), before);

        let all = home.files();
        assert!(home.succeed(&set_up).starts_with("already set up"), "{client}");
        assert_eq!(home.files(), all, "{client}: the second time nothing changes");
        let checked = home.succeed(&["setup", "--check"]);
        assert!(checked.contains(&format!("{client}: ")), "{checked}");
        assert!(checked.contains("atocore (exists)"), "{checked}");
        assert!(checked.contains("b.db (does not exist"), "{checked}");

        // Another store changes the entry, and the first backup stays.
        home.succeed(&["--db", "c.db", "setup", client]);
        assert!(!home.read(file).contains("p07-lynx") && home.read(file).contains("c.db"));
        home.succeed(&["setup", client, "--remove"]);
        assert_eq!(home.read(file), before, "{client}");
        assert!(!home.path(&format!("{file}.atocore-backup")).exists(), "{client}");
        assert!(home.succeed(&["setup", client, "--remove"]).starts_with("not set up"));
    }
}

#[test]
fn a_removal_leaves_later_changes_of_the_file() {
    for (client, file, _) in CLIENTS {
        let home = Home::new();
        let before = fixture(client);
        home.write(file, &before);
        home.succeed(&["setup", client]);
        let comment = if file.contains("json") { "\n// later\n" } else { "\n# later\n" };
        home.write(file, home.read(file) + comment);
        home.succeed(&["setup", client, "--remove"]);
        let after = home.read(file);
        // An object that was empty may have got a line break.
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(squeeze(&after), squeeze(&format!("{before}{comment}")), "{client}");
        if !["qwen", "roo", "windsurf"].contains(&client) {
            assert_eq!(after, format!("{before}{comment}"), "{client}");
        }
    }
}

#[test]
fn a_missing_file_is_made_and_removed_again() {
    for (client, file, _) in CLIENTS {
        let home = Home::new();
        home.succeed(&["setup", client]);
        assert!(home.read(file).contains("atocore"), "{client}");
        assert!(home.succeed(&["setup", client]).starts_with("already"), "{client}");
        let listed = home.succeed(&["setup"]);
        assert!(listed.contains(&format!("{client}: set up")), "{listed}");
        home.succeed(&["setup", client, "--remove"]);
        assert!(!home.path(file).exists(), "{client}");
    }
}

/// Contents of a file in which the servers have an unusual form.
const FORMS: [(&str, &str); 21] = [
    ("cursor", ""),
    ("cursor", "{}"),
    ("cursor", "{ }\n"),
    ("cursor", "{\n}\n"),
    ("cursor", "{\"mcpServers\": { /* none */ }}"),
    ("cursor", "{\"mcpServers\": {\n  // none\n}}\n"),
    ("cursor", "{\"a\": 1, \"mcpServers\": {\"b\": {\"command\": \"b\"}} }"),
    ("cursor", "// only a comment\n"),
    ("cursor", "{\n  \"a\": \"}{,\" // {,\n  , \"b\": [1,2,],\n}"),
    ("cursor", "{\n  \"mcpServers\": {\n    \"b\": {} }, \"c\": 1 }"),
    ("codex", ""),
    ("codex", "model = \"x\""),
    ("codex", "mcp_servers = {}\n"),
    ("codex", "mcp_servers.docs.command = \"npx\"\nmodel = \"x\"\n"),
    ("codex", "[mcp_servers]\n# none\n\n[tui]\na = 1\n"),
    ("goose", "a: 1"),
    ("goose", "# only a comment\n"),
    ("goose", "extensions:\n"),
    ("goose", "extensions: {}  # none\na: 1\n"),
    ("continue", "name: x\nmcpServers: []\nmodels: []\n"),
    ("continue", "mcpServers:\n    - {name: b, command: c}\n\nname: é\n"),
];

#[test]
fn other_forms_of_a_file_are_restored_too() {
    for (client, before) in FORMS {
        let home = Home::new();
        let file = CLIENTS.iter().find(|(name, ..)| *name == client).expect(client).1;
        home.write(file, before);
        home.succeed(&["setup", client]);
        let after = home.read(file);
        let mut bytes = after.bytes();
        assert!(before.bytes().all(|byte| bytes.any(|other| other == byte)), "{after}");
        assert!(home.succeed(&["setup", client]).starts_with("already"), "{before:?}");
        home.succeed(&["setup", client, "--remove"]);
        assert_eq!(home.read(file), before);
    }
}

#[test]
fn a_file_that_is_not_understood_stays_and_the_entry_is_shown() {
    for (client, text) in [
        ("cursor", "{\"mcpServers\": {"),
        ("cursor", "{\"mcpServers\": []}"),
        ("cursor", "[1]"),
        ("cursor", "{'mcpServers': {}}"),
        ("cursor", "{\"mcpServers\": {}, \"mcpServers\": {}}"),
        ("codex", "model = \n"),
        ("codex", "mcp_servers = 1\n"),
        ("goose", "a: [1\n"),
        ("goose", "extensions: 5\n"),
        ("goose", "a: 1\n---\nb: 2\n"),
        ("goose", "{a: 1}\n"),
        ("continue", "mcpServers: {a: 1}\n"),
    ] {
        let home = Home::new();
        let file = CLIENTS.iter().find(|(name, ..)| *name == client).expect(client).1;
        home.write(file, text);
        let all = home.files();
        let (shown, told) = home.fail(&["setup", client]);
        assert!(told.contains("was not changed") && told.contains("hint: "), "{told}");
        assert!(shown.contains("to add by hand") && shown.contains("\"serve\""), "{shown}");
        assert_eq!(home.files(), all, "{text:?}");
    }
    let home = Home::new();
    home.write(".cursor/mcp.json", b"{\"a\": \"\xff\"}");
    let (_, told) = home.fail(&["setup", "cursor"]);
    assert!(told.contains("mcp.json") && told.contains("not changed"), "{told}");
    assert_eq!(home.run(&["setup", "--check"]).status.code(), Some(1));
}

#[test]
#[cfg(unix)]
fn a_link_stays_a_link_and_the_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = Home::new();
    let before = fixture("zed");
    home.write("dotfiles/zed.json", &before);
    let target = home.path("dotfiles/zed.json");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("permissions");
    fs::create_dir_all(home.path(".config/zed")).expect("a folder");
    let link = home.path(".config/zed/settings.json");
    symlink(&target, &link).expect("a link");
    home.succeed(&["setup", "zed"]);
    assert!(link.is_symlink() && home.read("dotfiles/zed.json").contains("atocore"));
    let mode = fs::metadata(&target).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    home.succeed(&["setup", "zed", "--remove"]);
    assert!(link.is_symlink());
    assert_eq!(home.read("dotfiles/zed.json"), before);

    fs::remove_file(&target).expect("a file");
    let (_, told) = home.fail(&["setup", "zed"]);
    assert!(told.contains("link to a file that does not exist") && link.is_symlink(), "{told}");
}

#[test]
fn fields_that_the_user_added_to_the_entry_stay() {
    let home = Home::new();
    home.succeed(&["setup", "opencode"]);
    let file = ".config/opencode/opencode.json";
    let text = home.read(file).replace("\"enabled\": true", "\"enabled\": false, \"timeout\": 9");
    home.write(file, text);
    assert!(home.succeed(&["setup", "opencode"]).starts_with("already set up"));
    home.succeed(&["setup", "opencode", "--project", "lynx"]);
    let text = home.read(file);
    assert!(text.contains("\"enabled\": false") && text.contains("\"timeout\": 9"), "{text}");
    assert!(text.contains("\"lynx\""), "{text}");
}

#[test]
fn an_entry_with_the_address_of_a_server_is_replaced() {
    for (client, text) in [
        (
            "cursor",
            "{\"mcpServers\": {\"atocore\": {\"type\": \"http\", \"url\": \"u\"}, \"b\": {}}}",
        ),
        ("codex", "[mcp_servers.atocore]\nurl = \"u\"\n\n[mcp_servers.b]\ncommand = \"b\"\n"),
        ("goose", "extensions:\n  atocore:\n    type: sse\n    uri: u\n  b: {type: builtin}\n"),
    ] {
        let home = Home::new();
        let file = CLIENTS.iter().find(|(name, ..)| *name == client).expect(client).1;
        home.write(file, text);
        home.succeed(&["setup", client]);
        let after = home.read(file);
        assert!(!after.contains("url") && !after.contains("uri"), "{after}");
        assert!(
            after.contains("serve") && !after.contains("http") && after.contains('b'),
            "{after}"
        );
        assert_eq!(home.read(&format!("{file}.atocore-backup")), text);
    }
}

#[test]
fn a_client_without_a_file_gets_the_entry_shown_and_any_file_can_be_named() {
    let home = Home::new();
    let shown = home.succeed(&["setup", "jetbrains"]);
    assert!(shown.contains("paste there") && shown.contains("\"mcpServers\""), "{shown}");
    home.succeed(&["setup", "claude-code", "--file", "project/.mcp.json"]);
    assert!(home.read("project/.mcp.json").contains("\"stdio\""));
    assert!(!home.path(".claude.json").exists());
    let shown = home.succeed(&["setup", "codex", "--dry-run"]);
    assert!(shown.contains("codex mcp add atocore -- "), "{shown}");
    assert_eq!(home.run(&["setup", "nobody"]).status.code(), Some(2));
}

#[test]
fn the_store_of_the_last_setup_is_the_default() {
    let home = Home::new();
    let platform = ".local/share/atocore/atocore.db";
    home.succeed(&["project", "add", "one"]);
    assert!(home.path(platform).is_file());
    let shown = home.succeed(&["--db", "mine/k.db", "setup", "cursor"]);
    assert!(shown.contains("commands without --db open"), "{shown}");
    home.succeed(&["project", "add", "two"]);
    assert!(home.path("mine/k.db").is_file());
    let shown = home.succeed(&["status"]);
    assert!(shown.contains("mine/k.db"), "{shown}");
    assert!(home.succeed(&["status", "--json"]).contains("mine/k.db"));
    // An option is stronger, and the next setup takes the default store.
    assert!(home.succeed(&["--db", platform, "status"]).contains(platform));
    home.succeed(&["setup", "warp"]);
    assert!(home.read(".warp/.mcp.json").contains("mine/k.db"));

    home.write(".config/atocore/default-store", "k.db\n");
    let (_, told) = home.fail(&["status"]);
    assert!(told.contains("default-store") && told.contains("not absolute"), "{told}");
    // An option repairs it.
    home.succeed(&["--db", "mine/k.db", "setup", "warp"]);
    assert!(home.succeed(&["status"]).contains("mine/k.db"));
    home.write(".config/atocore/default-store", "\n");
    assert!(home.succeed(&["status"]).contains(platform));
}
