//! A client that never reads: the server stays small, and ends when it is asked to.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{call, hello, memory, request, stored};
use crate::support::{PATIENCE, Place, program};

/// Kilobytes that the server holds of a client, and those that it may take in all.
const HELD_KB: u64 = 50_000;
const MOST_KB: u64 = 400_000;
/// Lists of tools that are asked for: their answers are far more than may be held.
const LISTS: usize = 20_000;

/// Some writes, and then very many questions with long answers.
fn lines() -> Vec<u8> {
    let mut lines = format!("{}\n", request(0, "initialize", hello(json!("2025-11-25"))));
    for number in 0..20 {
        let line = call(format!("w{number}"), "create_memory", memory(&format!("m{number:02}")));
        lines.push_str(&format!("{line}\n"));
    }
    for number in 0..LISTS {
        lines.push_str(&format!("{}\n", request(1_000 + number, "tools/list", json!({}))));
    }
    lines.into_bytes()
}

fn serve(place: &Place, input: Stdio) -> Child {
    let mut command = program(&place.db(), 1);
    command.arg("serve").stdin(input).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

/// The most memory that a process has had, in kilobytes.
pub fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Bytes that a process has read.
fn has_read(child: &Child) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", child.id())).expect("its reads");
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("what it read");
    line.parse().expect("a number")
}

/// Waits until the server holds what it may, and reads no more.
pub fn wait_until_full(child: &Child) {
    let begun = Instant::now();
    let mut before = 0;
    loop {
        assert!(begun.elapsed() < PATIENCE, "it holds no more than {} kB", peak(child));
        thread::sleep(Duration::from_millis(700));
        match has_read(child) {
            now if now == before && peak(child) > HELD_KB => return,
            now => before = now,
        }
    }
}

fn assert_small_and_whole(place: &Place, child: &mut Child, peak: u64) {
    assert!(peak < MOST_KB, "{peak} kB");
    assert!(child.wait().expect("it ends").success());
    let expected: Vec<String> = (0..20).map(|number| format!("m{number:02}")).collect();
    assert_eq!(stored(place), expected);
    place.verify();
}

#[test]
fn a_signal_ends_a_server_whose_client_never_reads() {
    let place = Place::new();
    let mut child = serve(&place, Stdio::piped());
    let mut input = child.stdin.take().expect("its input");
    // It ends with an error when the server is gone.
    let writing = thread::spawn(move || input.write_all(&lines()));
    wait_until_full(&child);
    let peak = peak(&child);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    assert_small_and_whole(&place, &mut child, peak);
    assert!(writing.join().expect("no panic").is_err(), "it did not take all of that");
}

#[test]
fn the_end_of_a_pipe_ends_a_server_whose_client_never_reads() {
    let place = Place::new();
    let file = place.folder.path().join("lines");
    fs::write(&file, lines()).expect("a file");
    let mut cat = Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().expect("cat");
    let mut child = serve(&place, Stdio::from(cat.stdout.take().expect("its output")));
    wait_until_full(&child);
    let peak = peak(&child);
    cat.kill().and_then(|()| cat.wait()).expect("cat is gone");
    assert_small_and_whole(&place, &mut child, peak);
}

#[test]
fn the_end_of_a_socket_ends_a_server_whose_client_never_reads() {
    let place = Place::new();
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    let mut child = serve(&place, Stdio::from(OwnedFd::from(theirs)));
    let writer = ours.try_clone().expect("a second handle");
    let writing = thread::spawn(move || ours.write_all(&lines()));
    wait_until_full(&child);
    let peak = peak(&child);
    writer.shutdown(std::net::Shutdown::Write).expect("the end of input");
    assert!(writing.join().expect("no panic").is_err(), "it did not take all of that");
    assert_small_and_whole(&place, &mut child, peak);
}
