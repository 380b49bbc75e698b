//! A store to write to, and the proof from outside that it holds what was acknowledged.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::program::{Outcome, PROGRAM, Server};
use crate::work::Acknowledged;

pub const PROJECT: &str = "p06-torture";
/// Entities that all clients link to and change.
const GROUND: usize = 40;

/// Makes a store with a project and a few entities; gives their ids.
pub fn make(file: &Path) -> Outcome<Vec<String>> {
    let mut lines = format!("{}\n", json!({ "type": "project", "name": PROJECT }));
    for number in 0..GROUND {
        let row = json!({ "type": "entity", "entity_type": "requirement", "project": PROJECT,
                          "name": format!("ground {number}"), "status": "active",
                          "source_refs": ["doc:ground.md"] });
        lines.push_str(&format!("{row}\n"));
    }
    let path = file.with_extension("jsonl");
    fs::write(&path, lines)?;
    run(file, &["import", &path.display().to_string()])?;
    let conn = look(file)?;
    let ids = texts(&conn, "SELECT handle FROM entities ORDER BY id")?;
    if ids.len() == GROUND { Ok(ids) } else { Err(format!("{} rows of ground", ids.len()).into()) }
}

/// Runs a command of the program on a file, and gives what it printed.
pub fn run(file: &Path, arguments: &[&str]) -> Outcome<String> {
    let done = Command::new(PROGRAM).arg("--db").arg(file).args(arguments).output()?;
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(printed);
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    Err(format!("atocore {}: {printed}{errors}", arguments.join(" ")).into())
}

/// How long it takes from the start of a server to its first answer out of the file. The server
/// ends as it should, or is killed so that it leaves its log behind.
pub fn first_answer(file: &Path, ground: &str, kill: bool) -> Outcome<Duration> {
    let started = Instant::now();
    let mut server = Server::start(file)?;
    server.call("get_entity", json!({ "entity_id": ground }))?;
    let taken = started.elapsed();
    if kill {
        server.child.kill()?;
        server.child.wait()?;
    } else {
        server.stop()?;
    }
    Ok(taken)
}

pub fn look(file: &Path) -> Outcome<Connection> {
    Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

fn texts(conn: &Connection, sql: &str) -> Outcome<Vec<String>> {
    let mut statement = conn.prepare(sql)?;
    let found = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// The notes of the writes that are in the file, with how many audit rows each has left.
pub fn notes(conn: &Connection) -> Outcome<HashMap<String, usize>> {
    let sql = "SELECT note, count(*) FROM memory_audit \
         WHERE note <> '' AND entity_kind <> 'conflict' GROUP BY note";
    let mut statement = conn.prepare(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize));
    let found = statement.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// What stands in the file without its other half: rows without an audit row, subjects of the audit
/// without a row, relationships without an end.
const HALVES: &str = "WITH kept (id) AS (SELECT id FROM entities UNION ALL SELECT id FROM memories \
         UNION ALL SELECT id FROM relationships) \
     SELECT 'no audit row: ' || id FROM kept WHERE id NOT IN (SELECT memory_id FROM memory_audit) \
     UNION ALL SELECT 'no row: ' || memory_id FROM memory_audit \
         WHERE entity_kind IN ('entity', 'memory', 'relationship') AND memory_id NOT IN kept \
     UNION ALL SELECT 'no end: ' || id FROM relationships \
         WHERE source_entity_id NOT IN (SELECT id FROM entities) \
         OR target_entity_id NOT IN (SELECT id FROM entities)";

/// Looks at the file from outside: whatever was acknowledged is there, and nothing is there in part.
/// Then the program looks at it. Gives the number of writes in the file.
pub fn prove(file: &Path, acknowledged: &[Acknowledged]) -> Outcome<usize> {
    let conn = look(file)?;
    let ids: HashSet<String> = texts(
        &conn,
        "SELECT handle FROM entities UNION ALL SELECT handle FROM memories \
         UNION ALL SELECT handle FROM relationships UNION ALL SELECT id FROM memory_audit",
    )?
    .into_iter()
    .collect();
    let notes = notes(&conn)?;
    let lost: Vec<&str> = acknowledged
        .iter()
        .filter(|write| {
            !notes.contains_key(&write.note) || !write.ids.iter().all(|id| ids.contains(id))
        })
        .map(|write| write.note.as_str())
        .collect();
    if !lost.is_empty() {
        return Err(format!("{} acknowledged writes are lost: {lost:?}", lost.len()).into());
    }
    for (note, rows) in &notes {
        if note.rsplit_once(" of ").and_then(|(_, n)| n.parse().ok()) != Some(*rows) {
            return Err(format!("half a write: {note:?} left {rows} audit rows").into());
        }
    }
    let halves = texts(&conn, HALVES)?;
    if !halves.is_empty() {
        return Err(format!("half a write: {halves:?}").into());
    }
    drop(conn);
    run(file, &["audit", "verify"])?;
    Ok(notes.len())
}

/// Has the program examine the file as a whole, if it can.
pub fn examine(file: &Path) -> Outcome<()> {
    if run(file, &["--help"])?.lines().any(|line| line.trim_start().starts_with("doctor ")) {
        run(file, &["doctor"])?;
    }
    Ok(())
}
