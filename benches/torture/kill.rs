//! `kill -9` at random moments, while several servers write into one file.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::program::{Client, Outcome, Server, Times};
use crate::store;
use crate::work::{Acknowledged, Chance, Worker};

/// Rounds on one file before a new one is made: every round looks through the whole file.
const ROUNDS_A_FILE: usize = 25;
/// The program examines the file as a whole after so many rounds.
const EXAMINE_EVERY: usize = 5;
/// Longest time from the first write of a round to the kill, in microseconds.
const LONGEST: usize = 200_000;

/// A file that outlives its servers, and all that was acknowledged of it.
struct Victim {
    file: PathBuf,
    ground: Vec<String>,
    acknowledged: Vec<Acknowledged>,
}

pub fn run(folder: &Path, rounds: usize, seed: u64) -> Outcome<()> {
    println!(
        "\n{rounds} rounds of kill -9 among 2 to 4 servers that write into one file, seed {seed}\n"
    );
    let mut chance = Chance(seed);
    let (mut opens, mut writes) = (Vec::new(), 0);
    let mut victim: Option<Victim> = None;
    for round in 0..rounds {
        let mut now = match victim.take() {
            Some(known) if round % ROUNDS_A_FILE != 0 => known,
            _ => Victim::new(folder, round)?,
        };
        let named = |error| format!("round {round} of --seed {seed}: {error}");
        let before = now.acknowledged.len();
        now.round(round, &mut chance).map_err(named)?;
        writes += now.acknowledged.len() - before;
        opens.push(store::first_answer(&now.file, &now.ground[0], chance.below(2) == 0)?);
        store::prove(&now.file, &now.acknowledged).map_err(named)?;
        if round % EXAMINE_EVERY == 0 {
            store::examine(&now.file).map_err(named)?;
        }
        victim = Some(now);
    }
    opens.sort();
    let opens = Times(opens);
    println!(
        "| rounds | acknowledged, all present | start to first answer after a kill: median, slowest, ms |"
    );
    println!("|--:|--:|--:|");
    println!("| {rounds} | {writes} | {} / {} |", opens.at(0.5), opens.at(1.0));
    Ok(())
}

impl Victim {
    fn new(folder: &Path, round: usize) -> Outcome<Self> {
        let file = folder.join(format!("kill-{round}.db"));
        let ground = store::make(&file)?;
        Ok(Self { file, ground, acknowledged: Vec::new() })
    }

    /// Starts servers, lets them write, and kills them: all at once, or one while the others go on.
    fn round(&mut self, round: usize, chance: &mut Chance) -> Outcome<()> {
        let servers = 2 + chance.below(3);
        let durability = *chance.one_of(&["normal", "full"]);
        let (mut children, mut clients) = (Vec::new(), Vec::new());
        for number in 0..servers {
            let Server { child, client } =
                Server::start_with(&self.file, &["--durability", durability])?;
            let name = format!("r{round}w{number}");
            let seed = (chance.below(1 << 30) as u64) << 8;
            clients.push((client, Worker::new(name, seed, &self.ground)));
            children.push(child);
        }
        let wait = |chance: &mut Chance| {
            thread::sleep(Duration::from_micros(chance.below(LONGEST) as u64));
        };
        let acknowledged = Mutex::new(Vec::new());
        let outcome = thread::scope(|scope| {
            let writing: Vec<_> = clients
                .into_iter()
                .map(|(client, worker)| scope.spawn(|| write(client, worker, &acknowledged)))
                .collect();
            wait(chance);
            let (first, others) = children.split_at_mut(chance.below(2));
            kill(first)?;
            if !first.is_empty() {
                wait(chance);
            }
            kill(others)?;
            for client in writing {
                client.join().map_err(|_| "a client panicked")??;
            }
            Outcome::Ok(())
        });
        outcome?;
        self.acknowledged.extend(acknowledged.into_inner()?);
        Ok(())
    }
}

/// SIGKILL to each, and only then the wait for their ends. None may have ended by itself.
fn kill(children: &mut [Child]) -> Outcome<()> {
    for child in children.iter_mut() {
        if let Some(status) = child.try_wait()? {
            return Err(format!("a server ended by itself: {status}").into());
        }
        child.kill()?;
    }
    for child in children {
        child.wait()?;
    }
    Ok(())
}

/// Writes until the server is gone. Any other error ends the run.
fn write(
    mut client: Client,
    mut worker: Worker,
    acknowledged: &Mutex<Vec<Acknowledged>>,
) -> Outcome<()> {
    loop {
        let call = worker.next_write();
        match client.call(call.tool, call.arguments.clone()) {
            Ok((_, answer)) => {
                let written = worker.acknowledged(&call, &answer)?;
                acknowledged.lock().map_err(|error| error.to_string())?.push(written);
            }
            Err(error) if error.is::<io::Error>() => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
