//! An identity provider: a small HTTP server with metadata and keys.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The RFC 8414 place of the metadata.
pub const OAUTH: &str = "/.well-known/oauth-authorization-server";
/// The place by OpenID Connect.
pub const OPENID: &str = "/.well-known/openid-configuration";
/// Where the keys are.
pub const KEYS: &str = "/keys";

/// A provider, and the requests that it got.
pub struct Provider {
    pub issuer: String,
    answers: Arc<Mutex<HashMap<String, String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let answers = Arc::new(Mutex::new(HashMap::new()));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let provider = Self { issuer, answers: answers.clone(), requests: requests.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve_request(stream, &answers, &requests);
            }
        });
        provider
    }

    /// Serves a body at a path from now on.
    pub fn put(&self, path: &str, body: &Value) {
        self.answers.lock().expect("no panic").insert(path.to_owned(), body.to_string());
    }

    /// Serves metadata at a path, and these keys.
    pub fn put_keys(&self, metadata: &str, keys: &[Value]) {
        let jwks = format!("{}{KEYS}", self.issuer);
        self.put(metadata, &json!({ "issuer": self.issuer, "jwks_uri": jwks }));
        self.put(KEYS, &json!({ "keys": keys }));
    }

    /// Returns how often a path was asked for.
    pub fn count_requests(&self, path: &str) -> usize {
        self.requests.lock().expect("no panic").iter().filter(|one| *one == path).count()
    }
}

fn serve_request(
    mut stream: TcpStream,
    answers: &Mutex<HashMap<String, String>>,
    requests: &Mutex<Vec<String>>,
) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    let first = lines.next().and_then(Result::ok).unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    let found = answers.lock().expect("no panic").get(&path).cloned();
    requests.lock().expect("no panic").push(path);
    let (status, body) = found.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    // A client that has read enough closes the connection.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}
