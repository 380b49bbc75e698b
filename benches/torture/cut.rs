//! What a power cut may leave: the file as it was, and a write-ahead log that ends anywhere or has
//! holes, because the disk had not stored it whole or not in order.
//!
//! A look at the file from outside keeps the log from being moved into the file while servers write.
//! So the file as it was at first and any beginning of the log are what a computer may find that
//! stopped at that moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::program::{Outcome, Server, Times};
use crate::store;
use crate::work::{Acknowledged, Chance, Worker};

const WRITERS: usize = 2;
const WRITES: usize = 50;
/// A page of SQLite, in bytes; disks store whole ones or none of them.
const BLOCK: usize = 4_096;
/// Damage begins at most so many blocks before the end.
const BLOCKS: usize = 200;

/// A write, and how long the log was when it was acknowledged.
struct Written {
    write: Acknowledged,
    log: usize,
}

/// What is left to be found.
struct Recording {
    file: Vec<u8>,
    log: Vec<u8>,
    /// For each client, in the order of its writes.
    written: Vec<Vec<Written>>,
    ground: Vec<String>,
}

pub fn run(folder: &Path, cuts: usize, seed: u64) -> Outcome<()> {
    println!("\n{cuts} logs of {WRITERS} writing servers, cut off or damaged, seed {seed}\n");
    let mut chance = Chance(seed);
    let recording = record(&folder.join("cut.db"), seed)?;
    let (mut opens, mut kept) = (Vec::new(), 0);
    for cut in 0..cuts {
        let named = |error| format!("cut {cut} of --seed {seed}: {error}");
        let (log, whole) = damaged(&recording.log, cut, &mut chance);
        let file = folder.join(format!("cut-{cut}.db"));
        fs::write(&file, &recording.file)?;
        fs::write(beside(&file), log)?;
        opens.push(store::first_answer(&file, &recording.ground[0], false).map_err(named)?);
        kept += prefixes(&file, &recording.written, whole).map_err(named)?;
        fs::remove_file(&file)?;
    }
    opens.sort();
    let opens = Times(opens);
    println!(
        "| cuts | writes found, each an unbroken beginning | start to first answer: median, slowest, ms |"
    );
    println!("|--:|--:|--:|");
    println!("| {cuts} | {kept} | {} / {} |", opens.at(0.5), opens.at(1.0));
    Ok(())
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push("-wal");
    PathBuf::from(name)
}

/// Has servers write, and keeps the file and the log as they are on the disk.
fn record(file: &Path, seed: u64) -> Outcome<Recording> {
    let ground = store::make(file)?;
    let kept = fs::read(file)?;
    let look = store::look(file)?;
    // A look that lasts: no page behind it is moved into the file, and the log does not begin anew.
    look.execute_batch("BEGIN")?;
    store::notes(&look)?;
    let clients: Vec<_> = (0..WRITERS)
        .map(|number| {
            let server = Server::start(file)?;
            let worker = Worker::new(format!("w{number}"), seed << 8 | number as u64, &ground);
            let log = beside(file);
            Outcome::Ok(thread::spawn(move || write(server, worker, &log)))
        })
        .collect::<Outcome<_>>()?;
    let mut written = Vec::new();
    let mut servers = Vec::new();
    for client in clients {
        let (writes, server) = client.join().map_err(|_| "a client panicked")??;
        written.push(writes);
        servers.push(server);
    }
    if fs::read(file)? != kept {
        return Err("the file was changed, so this is not what a power cut leaves".into());
    }
    let log = fs::read(beside(file))?;
    servers.into_iter().try_for_each(Server::stop)?;
    Ok(Recording { file: kept, log, written, ground })
}

fn write(mut server: Server, mut worker: Worker, log: &Path) -> Outcome<(Vec<Written>, Server)> {
    let mut written = Vec::new();
    for _ in 0..WRITES {
        let call = worker.next_write();
        let (_, answer) = server.call(call.tool, call.arguments.clone())?;
        let write = worker.acknowledged(&call, &answer)?;
        written.push(Written { write, log: fs::metadata(log)?.len() as usize });
    }
    Ok((written, server))
}

/// The log as it might be found, and how much of its beginning is whole: cut off, with blocks of
/// zeros, or with blocks of other bytes.
fn damaged(log: &[u8], cut: usize, chance: &mut Chance) -> (Vec<u8>, usize) {
    let end = chance.below(log.len() + 1);
    let mut left = log[..end].to_vec();
    let mut whole = end;
    if cut.is_multiple_of(3) {
        return (left, whole);
    }
    for _ in 0..1 + chance.below(8) {
        let block = (end / BLOCK).saturating_sub(chance.below(BLOCKS)) * BLOCK;
        let byte = if cut % 3 == 1 { 0 } else { chance.below(256) as u8 };
        left[block.min(end)..(block + BLOCK).min(end)].fill(byte);
        whole = whole.min(block);
    }
    (left, whole)
}

/// Of each client an unbroken beginning of its writes is there, with all that were acknowledged while
/// the log was no longer than what is whole. Gives how many there are.
fn prefixes(file: &Path, written: &[Vec<Written>], whole: usize) -> Outcome<usize> {
    let notes = store::notes(&store::look(file)?)?;
    let mut kept = 0;
    for writes in written {
        let there = writes.iter().take_while(|known| notes.contains_key(&known.write.note)).count();
        let safe = writes.iter().take_while(|known| known.log <= whole).count();
        if there < safe {
            return Err(format!("{safe} writes were in the log, {there} are in the file").into());
        }
        kept += there;
    }
    if kept != notes.len() {
        return Err(format!("{} writes are there, but {kept} in order", notes.len()).into());
    }
    store::prove(file, &[])?;
    store::examine(file)?;
    Ok(kept)
}
