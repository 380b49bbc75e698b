//! Values in texts: quantities, instants, addresses, references, cursors, words. Whatever is read can be
//! written and read again as the same.

use atocore::mcp::address::{self, Address};
use atocore::model::claim::states_value;
use atocore::model::source_ref::SourceRef;
use atocore::model::text::{
    abridge_message, collapse_spaces, fold_name, is_hidden, one_line, percent_decoded, quote_text,
};
use atocore::model::value::{SlotValue, claimed_value, text_key};
use atocore::model::{List, PageRequest, Timestamp, project, words};
use atocore::ops::read::search::query::Query;
use serde_json::json;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    slot_values(text);
    instants(text);
    addresses(text);
    shown(text);
    searched(text);
    let _ = SourceRef::parse(text);
    for list in [List::Audit, List::Candidates, List::Projects, List::Questions, List::Search] {
        // A cursor that was taken can be gone on from.
        if let Ok(page) = PageRequest::new(list, None, Some(text)) {
            let _ = (page.after_number(), page.after_text(9));
        }
    }
    if let Some(name) = project::suggest_canonical_name(text) {
        assert!(project::is_canonical_name(&name), "{name:?}");
    }
}

fn slot_values(text: &str) {
    let key = text_key(text);
    assert!(key.len() <= 200, "{} bytes", key.len());
    assert!(!key.contains("NaN") && !key.contains("inf "), "{key} of {text:?}");
    assert_eq!(text_key(&format!(" {text}\n")), key, "white space around it says nothing");
    if let Some(SlotValue::Text(folded)) = SlotValue::read(text)
        && let Some(SlotValue::Text(again)) = SlotValue::read(&folded)
    {
        assert_eq!(again, folded, "a folded text is the same text");
    }
    for other in [text, "5", ">="] {
        let stated = json!({ "value": other, "unit": text, "tolerance": text, "operator": text });
        let _ = stated.as_object().and_then(|stated| claimed_value(stated, "value"));
        let bounds = json!({ "min": other, "max": text, "unit": text });
        let _ = bounds.as_object().and_then(|bounds| claimed_value(bounds, "value"));
    }
    let folded = fold_name(text);
    assert_eq!(fold_name(&folded), folded, "a folded text is folded");
    assert!(states_value(text, text), "a text states itself");
}

fn instants(text: &str) {
    if let Some(instant) = Timestamp::parse(text) {
        let written = instant.to_string();
        assert_eq!(written.len(), 24, "{written}");
        assert_eq!(Timestamp::parse(&written), Timestamp::parse_end(&written));
        assert!(Timestamp::parse_end(text).is_some_and(|end| end >= instant), "{text:?}");
    }
}

fn addresses(text: &str) {
    if !text.is_empty() {
        for (template, parsed) in [
            (address::OVERVIEW, Address::Overview(text.to_owned())),
            (address::ENTITY, Address::Entity(text.to_owned())),
            (address::MEMORY, Address::Memory(text.to_owned())),
        ] {
            let uri = address::expand_template(template, text);
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            assert_eq!(Address::parse(&uri), Some(parsed), "{uri}");
        }
    }
    let _ = Address::parse(text);
    if !text.contains('%') {
        assert_eq!(percent_decoded(text).as_deref(), Some(text));
    }
}

fn shown(text: &str) {
    let line = one_line(text);
    assert!(!line.chars().any(|c| is_hidden(c) || c == '\n'), "{line:?}");
    for max in [0, 3, 40] {
        let quoted = quote_text(text, max);
        assert!(
            quoted.starts_with('"') && !quoted.contains('\n') && !quoted.chars().any(is_hidden)
        );
    }
    assert!(abridge_message(text).chars().count() <= 740);
    let collapsed = collapse_spaces(text);
    assert_eq!(collapse_spaces(&collapsed), collapsed);
}

fn searched(text: &str) {
    let mut end_of_last_whole = 0;
    for word in words::split_words(text) {
        assert!(text.get(word.start..word.end).is_some_and(|word| !word.is_empty()));
        assert!(!word.stem.is_empty() && !word.folded.is_empty());
        if !word.part {
            assert!(word.start >= end_of_last_whole, "words stand in their order");
            end_of_last_whole = word.end;
        }
    }
    let query = Query::parse(text);
    let _ = (query.all_terms(), query.any_term(true), query.related_terms(), query.related_stems());
}
