//! Ontology files: taken whole, or refused with the line that is wrong.

use atocore::model::{Error, Ontology};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Ontology::extended(text, "ontology.toml") {
        Ok(ontology) => {
            let all = ontology.entity_type_names();
            for kind in Ontology::default().entity_type_names() {
                assert!(all.contains(&kind), "{kind} is lost");
            }
            for name in &all {
                assert!(ontology.require_entity_type(name).is_ok());
                // Whatever it says, every pair of ends has an answer.
                for link in ontology.relationship_type_names() {
                    let _ = ontology.check_ends(&link, name, name);
                }
            }
        }
        Err(error @ Error::Invalid { .. }) => {
            let text_of_error = error.to_string();
            let line = text_of_error.strip_prefix("ontology.toml:").expect("it names the file");
            let digits: String = line.chars().take_while(char::is_ascii_digit).collect();
            let line: usize = digits.parse().expect("it names the line");
            assert!((1..=text.split('\n').count()).contains(&line), "{error} in {text:?}");
            assert!(error.hint().advice.contains("docs/ontology.md"));
        }
        Err(error) => panic!("{error:?}"),
    }
}
