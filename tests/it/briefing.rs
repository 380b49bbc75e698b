//! The briefing: its limit in tokens.

use serde_json::json;

use crate::support::{Place, Session};

/// Fills a project with more than a briefing can hold, in the words of a script.
fn fill(session: &mut Session, words: &str) {
    for at in 0..30 {
        session.ok(
            "set_project_state",
            json!({ "category": "status", "key": format!("k{at}"), "value": words }),
        );
        session.ok("create_entity", json!({
            "entity_type": "requirement", "name": format!("R-{at} {words}"), "description": words,
            "hand_authored": true, "status": "active",
        }));
        session.ok("record_handoff", json!({ "next_steps": [words], "open_questions": [words] }));
    }
}

#[test]
fn a_briefing_has_at_most_900_tokens_and_fills_them() {
    let encoding = tiktoken_rs::o200k_base().expect("the encoding");
    let latin = "Polishing of the 4.2 kg mirror M1x-7/b waits for the vendor's report; ".repeat(3);
    let han = "主镜的抛光工作正在等待供应商的测量报告，之后才能安装到望远镜上。".repeat(3);
    for words in [latin.trim(), han.trim()] {
        let place = Place::new();
        let tools = ["--project", "lynx", "--tools", "record_handoff,set_project_state"];
        let mut session = place.serve(1, &tools);
        fill(&mut session, words);
        let answer = session.call("build_context", json!({}));
        let text = answer["content"][0]["text"].as_str().expect("a text");
        let tokens = encoding.encode_with_special_tokens(text).len();
        assert!((300..=900).contains(&tokens), "{tokens} tokens:\n{text}");
        for part in ["Handoffs", "Trusted project state", "Open questions"] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
    }
}
