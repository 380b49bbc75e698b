//! Many server processes on one file, each with a client of its own that writes and reads.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Outcome, Server, Times};
use crate::store::{self, PROJECT};
use crate::work::{Acknowledged, Worker};

/// A client reads once for so many writes.
const WRITES_A_READ: usize = 4;

/// How many clients there are, and how much each writes.
#[derive(Clone, Copy)]
pub struct Size {
    pub writers: usize,
    pub writes: usize,
}

/// What one client met.
#[derive(Default)]
struct Met {
    acknowledged: Vec<Acknowledged>,
    /// Audit rows that its writes left.
    rows: usize,
    writes: Vec<Duration>,
    reads: Vec<Duration>,
}

/// One run with each durability. Ends with an error if anything is lost or an error reaches a client.
pub fn run(folder: &Path, size: Size, seed: u64) -> Outcome<()> {
    let Size { writers, writes } = size;
    println!("\n{writers} server processes on one file, {writes} writes each, seed {seed}\n");
    println!(
        "| durability | acknowledged | present | writes a second | audit rows a second | write: median, \
         p99, slowest, ms | read: median, p99, slowest, ms | MB of each server |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for durability in ["normal", "full"] {
        let file = folder.join(format!("load-{durability}-{seed}.db"));
        let ground = store::make(&file)?;
        let (met, taken, memory) = clients(&file, &ground, size, durability, seed)?;
        let present = store::prove(&file, &met.acknowledged)?;
        store::examine(&file)?;
        if met.acknowledged.len() != writers * writes || present != writers * writes {
            let acknowledged = met.acknowledged.len();
            return Err(format!("{acknowledged} acknowledged, {present} present").into());
        }
        println!(
            "| {durability} | {} | {present} | {:.0} | {:.0} | {} | {} | {memory:.1} |",
            met.acknowledged.len(),
            present as f64 / taken.as_secs_f64(),
            met.rows as f64 / taken.as_secs_f64(),
            spread(met.writes),
            spread(met.reads),
        );
    }
    Ok(())
}

/// Median, 99th percentile and longest, in milliseconds.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let times = Times(times);
    [0.5, 0.99, 1.0].map(|share| times.at(share)).join(" / ")
}

/// Starts the servers, and then all clients at once; gives what they met, in how long, and the
/// memory of a server at the end.
fn clients(
    file: &Path,
    ground: &[String],
    size: Size,
    durability: &str,
    seed: u64,
) -> Outcome<(Met, Duration, f64)> {
    let servers: Vec<Server> = (0..size.writers)
        .map(|_| Server::start_with(file, &["--durability", durability]))
        .collect::<Outcome<_>>()?;
    let start = Barrier::new(size.writers + 1);
    let (outcomes, taken) = thread::scope(|scope| {
        let clients: Vec<_> = servers
            .into_iter()
            .enumerate()
            .map(|(number, server)| {
                let worker = Worker::new(format!("w{number}"), seed << 8 | number as u64, ground);
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    client(server, worker, size.writes)
                })
            })
            .collect();
        start.wait();
        let started = Instant::now();
        let outcomes: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        (outcomes, started.elapsed())
    });
    let (mut all, mut memory) = (Met::default(), 0.0);
    for outcome in outcomes {
        let (met, server) = outcome.map_err(|_| "a client panicked")??;
        memory = server.resident_mb().unwrap_or_default();
        server.stop()?;
        all.acknowledged.extend(met.acknowledged);
        all.rows += met.rows;
        all.writes.extend(met.writes);
        all.reads.extend(met.reads);
    }
    Ok((all, taken, memory))
}

fn client(mut server: Server, mut worker: Worker, writes: usize) -> Outcome<(Met, Server)> {
    let mut met = Met::default();
    for number in 0..writes {
        let call = worker.next_write();
        let (taken, answer) = server.call(call.tool, call.arguments.clone())?;
        met.acknowledged.push(worker.acknowledged(&call, &answer)?);
        met.rows += call.rows;
        met.writes.push(taken);
        if number % WRITES_A_READ == 0 {
            let (tool, arguments) = read(&mut worker, number / WRITES_A_READ);
            met.reads.push(server.time(tool, arguments)?);
        }
    }
    Ok((met, server))
}

/// One of four reads in turn.
fn read(worker: &mut Worker, number: usize) -> (&'static str, Value) {
    match number % 4 {
        0 => ("get_entity", json!({ "entity_id": worker.any() })),
        1 => ("search", json!({ "query": worker.chance.text(2), "project": PROJECT })),
        2 => ("query_project", json!({ "question": "recent_changes", "project": PROJECT })),
        _ => ("list_candidates", json!({ "project": PROJECT })),
    }
}

/// One client alone, which measures what a durability costs where nobody else writes.
pub fn alone(folder: &Path, writes: usize, seed: u64) -> Outcome<()> {
    println!("\ncreate_entity with two links, one client, {writes} calls\n");
    println!("| durability | calls a second | median, p99, slowest, ms |");
    println!("|---|--:|--:|");
    for durability in ["normal", "full"] {
        let file = folder.join(format!("alone-{durability}-{seed}.db"));
        let ground = store::make(&file)?;
        let mut server = Server::start_with(&file, &["--durability", durability])?;
        let mut worker = Worker::new("alone".to_owned(), seed, &ground);
        let mut times = Vec::new();
        for _ in 0..writes {
            let call = worker.creation();
            times.push(server.time(call.tool, call.arguments)?);
        }
        server.stop()?;
        let taken: Duration = times.iter().sum();
        let rate = writes as f64 / taken.as_secs_f64();
        println!("| {durability} | {rate:.0} | {} |", spread(times));
    }
    Ok(())
}
