//! The page: sessions and forms. `.ci/web` drives it in a browser.

use super::propose;
use crate::support::Place;
use crate::web_support::{WebAnswer, WebServer};

/// Follows the one-time link; returns the cookie.
pub fn sign_in(server: &WebServer) -> String {
    let (_, path) = server.link.split_once(&server.address("")).expect("a link");
    let answer = server.get(path, &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let set = answer.header("set-cookie");
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    set.split(';').next().unwrap_or_default().to_owned()
}

pub fn form_key(page: &WebAnswer) -> String {
    let (_, rest) = page.body.split_once("name=\"form_key\" value=\"").expect("a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[test]
fn the_link_signs_in_once() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--person", "ada"]);
    let cookie = sign_in(&server);
    let page = server.get("/ui/inbox", &[("Cookie", &cookie)]);
    assert!(page.body.contains("ada, review"), "{}", page.body);
    let (_, path) = server.link.split_once(&server.address("")).expect("a link");
    assert_eq!(server.get(path, &[]).status, 401, "it was used");
    assert_eq!(server.get("/login?code=wrong", &[]).status, 401);
}

#[test]
fn a_decision_needs_a_session_its_form_and_its_origin() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--person", "ada"]);
    let id = propose(&server, "Pump");
    let anonymous = server.get("/ui/inbox", &[]);
    assert!(!anonymous.body.contains("/ui/decide"), "it shows no decision");
    let cookie = sign_in(&server);
    let key = form_key(&server.get("/ui/inbox", &[("Cookie", &cookie)]));
    let own = server.address("");
    let decide = |headers: &[(&str, &str)], key: &str| {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        let body = format!("form_key={key}&id={id}&version=1&action=promote");
        server.send("POST", "/ui/decide", &[headers, &[kind]].concat(), &body).status
    };
    let (cookie, origin) = (("Cookie", cookie.as_str()), ("Origin", own.as_str()));
    assert_eq!(decide(&[origin], &key), 401, "no session");
    assert_eq!(decide(&[cookie], &key), 403, "no origin");
    assert_eq!(decide(&[cookie, ("Origin", "null")], &key), 403, "a null origin");
    assert_eq!(decide(&[cookie, ("Origin", "https://evil.example")], &key), 403, "another site");
    assert_eq!(decide(&[cookie, origin], "wrong"), 403, "another form");
    let by_api = server.post(&format!("/v1/entities/{id}/promote"), &[cookie], "");
    assert_eq!(by_api.status, 403, "the cookie without an origin");
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 0);
    assert_eq!(decide(&[cookie, origin], &key), 303);
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 1);
    let said = "SELECT actor || '/' || client FROM memory_audit WHERE action = 'promoted'";
    let said: String = place.sql().query_row(said, [], |row| row.get(0)).expect("an audit row");
    assert_eq!(said, "ada/http");
}

#[test]
fn a_token_signs_in_with_its_role() {
    let place = Place::new();
    let token = super::bearer(&place, "viewer", "read");
    let server = WebServer::start(&place, 1, &[]);
    propose(&server, "Pump");
    let own = server.address("");
    let headers = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let wrong = server.send("POST", "/login", &headers, "token=wrong");
    assert_eq!(wrong.status, 401);
    let secret = token.trim_start_matches("Bearer ");
    let signed = server.send("POST", "/login", &headers, &format!("token={secret}"));
    assert_eq!(signed.status, 200, "{signed:?}");
    let cookie = signed.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let page = server.get("/ui/inbox", &[("Cookie", &cookie)]);
    assert!(page.body.contains("viewer, read"));
    assert!(!page.body.contains("/ui/decide"), "a reader decides nothing");
}

#[test]
fn no_page_runs_a_foreign_script_or_is_framed() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let paths = ["/ui/inbox", "/ui/conflicts", "/ui/project", "/ui/matrix", "/ui/search", "/login"];
    for path in paths {
        let page = server.get(path, &[]);
        assert_eq!(page.status, 200, "{page:?}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!page.body.contains("style=\"") && !page.body.contains(" onclick"), "{path}");
    }
}

#[test]
fn the_session_of_a_token_ends_with_it() {
    let place = Place::new();
    let token = super::bearer(&place, "rev", "review");
    let server = WebServer::start(&place, 1, &[]);
    let own = server.address("");
    let headers = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("token={}", token.trim_start_matches("Bearer "));
    let signed = server.send("POST", "/login", &headers, &body);
    let cookie = signed.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let account = || server.get("/ui/inbox", &[("Cookie", &cookie)]).body;
    assert!(account().contains("rev, review"));
    assert!(place.run(95, &["token", "revoke", "rev"]).status.success());
    assert!(!account().contains("rev, review"), "it was revoked");
}

#[test]
fn a_row_that_left_the_queue_is_not_replaced_by_another() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    let (one, _) = (propose(&server, "Pump"), propose(&server, "Valve"));
    assert_eq!(server.post(&format!("/v1/entities/{one}/promote"), &[], "").status, 200);
    let page = server.get(&format!("/ui/inbox?row={one}"), &[]).body;
    assert!(page.contains("not on this page of the queue"), "{page}");
    assert!(!page.contains("value=\"promote\" data-key"), "no decision is one key away: {page}");
}

#[test]
fn looking_at_the_link_does_not_use_it_and_a_browser_is_led_to_it() {
    let place = Place::new();
    let public = ["--behind-proxy", "127.0.0.1", "--public-origin", "https://atocore.example.org"];
    let server = WebServer::start(&place, 1, &public);
    let host = ("Host", "atocore.example.org");
    let page = server.get("/ui/inbox", &[host, ("Accept", "text/html,*/*")]);
    assert_eq!((page.status, page.header("location")), (303, "/login"));
    let (_, path) = server.link.split_once("example.org").expect("a link");
    assert_eq!(server.send("HEAD", path, &[host], "").status, 200);
    let opened = server.get(path, &[host]);
    assert_eq!(opened.status, 200);
    assert!(opened.header("set-cookie").contains("Secure"), "{opened:?}");
}

#[test]
fn an_edit_form_without_a_change_promotes_only_the_version_that_was_shown() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--person", "ada"]);
    let id = propose(&server, "Pump");
    let cookie = sign_in(&server);
    let key = form_key(&server.get("/ui/inbox", &[("Cookie", &cookie)]));
    let change = r#"{"properties": {"power": "9 kW"}}"#;
    assert_eq!(server.send("PATCH", &format!("/v1/entities/{id}"), &[], change).status, 200);
    let own = server.address("");
    let headers = [
        ("Cookie", cookie.as_str()),
        ("Origin", own.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let promote = |version: i64| {
        let body =
            format!("form_key={key}&id={id}&version={version}&action=edit&field.description=");
        assert_eq!(server.send("POST", "/ui/decide", &headers, &body).status, 303);
        place.count("SELECT count(*) FROM entities WHERE status = 'active'")
    };
    assert_eq!(promote(1), 0, "it was changed since");
    assert_eq!(promote(2), 1);
}

#[test]
fn an_address_that_cannot_be_read_gets_the_page_of_an_error() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let shown = server.get("/ui/row/%ff", &[]);
    assert_eq!(shown.status, 400, "{shown:?}");
    assert!(shown.header("content-type").starts_with("text/html"), "{shown:?}");
    assert!(shown.body.contains("percent-encoded"), "{shown:?}");
}
