//! A web server on a store, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::support::{PATIENCE, Place, program};

/// A running `atocore web`.
pub struct WebServer {
    child: Child,
    pub port: u16,
    /// The one-time link.
    pub link: String,
    agent: Agent,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct WebAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl WebAnswer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl WebServer {
    pub fn start(place: &Place, seed: u64, arguments: &[&str]) -> Self {
        let mut command = program(&place.db(), seed);
        let mut child = command
            .args(["web", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(place.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let printed = BufReader::new(child.stdout.take().expect("its output"));
        let mut lines = printed.lines().map_while(Result::ok);
        let address = lines.next().expect("its address");
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let link = lines.find_map(|line| Some(line.split_once("page: ")?.1.to_owned()));
        let link = link.expect("the one-time link");
        std::thread::spawn(move || lines.for_each(drop));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self { child, port, link, agent: Agent::new_with_config(config) }
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> WebAnswer {
        self.send("GET", path, headers, "")
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> WebAnswer {
        self.send("POST", path, headers, body)
    }

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> WebAnswer {
        let mut request = ureq::http::Request::builder().method(method).uri(self.address(path));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).expect("a request");
        let mut answer = self.agent.run(request).expect("an answer");
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        let body = answer.body_mut().read_to_string().expect("a body");
        WebAnswer { status, headers, body }
    }

    /// Opens a connection without a client library.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends bytes, and returns the head of the answer.
    pub fn send_bytes(&self, bytes: &[u8]) -> String {
        exchange(&mut self.connect(), bytes)
    }

    /// Stops it by a signal; returns whether it ended by itself.
    pub fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill runs").success());
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends bytes, and returns the beginning of the answer.
pub fn exchange(stream: &mut (impl Read + Write), bytes: &[u8]) -> String {
    // The server may answer, and close, before it has read everything.
    let _ = stream.write_all(bytes);
    let mut head = vec![0; 1_000];
    let size = stream.read(&mut head).unwrap_or_default();
    String::from_utf8_lossy(&head[..size]).into_owned()
}
