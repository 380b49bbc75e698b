//! TLS of the server's own.

use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::bearer;
use crate::support::Place;
use crate::web_support::{WebServer, exchange};

/// A certificate for `localhost` and its key, as files of a place.
fn make_certificate(place: &Place) -> (PathBuf, PathBuf, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (chain, key) = (place.folder.path().join("chain.pem"), place.folder.path().join("key.pem"));
    std::fs::write(&chain, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    (chain, key, roots)
}

fn arguments<'p>(chain: &'p std::path::Path, key: &'p std::path::Path) -> [&'p str; 6] {
    let (chain, key) = (chain.to_str().expect("a path"), key.to_str().expect("a path"));
    ["--tls-cert", chain, "--tls-key", key, "--public-origin", "https://atocore.example.org"]
}

/// Sends a request over TLS to a server that has one of these certificates; returns the beginning of
/// the answer, which is empty if it has another one.
fn ask(server: &WebServer, roots: &RootCertStore, more: &str) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let socket = TcpStream::connect(("127.0.0.1", server.port)).expect("it accepts");
    let head = format!(
        "GET /v1/entities HTTP/1.1\r\nHost: atocore.example.org\r\nConnection: close\r\n{more}\r\n"
    );
    exchange(&mut StreamOwned::new(client, socket), head.as_bytes())
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart() {
    let place = Place::new();
    let (chain, key, old) = make_certificate(&place);
    let server = WebServer::start(&place, 1, &arguments(&chain, &key));
    assert!(ask(&server, &old, "").starts_with("HTTP/1.1 401"));
    // Half of a renewal changes nothing.
    std::fs::write(&chain, "no certificate").expect("a file");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(ask(&server, &old, "").starts_with("HTTP/1.1 401"));
    let (_, _, new) = make_certificate(&place);
    let renewed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        ask(&server, &new, "").starts_with("HTTP/1.1 401")
    });
    assert!(renewed && ask(&server, &old, "").is_empty());
}

#[test]
fn with_a_certificate_it_serves_tls_to_callers_with_a_token() {
    let place = Place::new();
    let token = bearer(&place, "ci", "read");
    let (chain, key, roots) = make_certificate(&place);
    let server = WebServer::start(&place, 1, &arguments(&chain, &key));
    assert!(ask(&server, &roots, "").starts_with("HTTP/1.1 401"));
    let named = format!("Authorization: {token}\r\n");
    assert!(ask(&server, &roots, &named).starts_with("HTTP/1.1 200"));
    let plain = server.send_bytes(b"GET /health HTTP/1.1\r\nHost: atocore.example.org\r\n\r\n");
    assert!(!plain.starts_with("HTTP/1.1 200"), "{plain}");
}

#[test]
fn bad_files_and_an_origin_without_tls_are_refused_at_the_start() {
    let place = Place::new();
    let (chain, key, _) = make_certificate(&place);
    let refused = |arguments: &[&str], said: &str| {
        let output = place.run(2, &[&["web", "--listen", "127.0.0.1:0"], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{text}");
    };
    refused(&arguments(&key, &key), "there is no certificate");
    refused(&arguments(&chain, &chain), "--tls-key");
    refused(&arguments(&chain, &place.folder.path().join("nothing.pem")), "--tls-key");
    refused(&["--public-origin", "https://atocore.example.org"], "nothing here has TLS");
    let plain = ["--behind-proxy", "127.0.0.1", "--public-origin", "http://atocore.example.org"];
    refused(&plain, "is none with TLS");
}
