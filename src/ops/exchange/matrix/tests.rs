//! Matrices as text.

use super::*;
use crate::model::coverage::ChildCounts;
use crate::model::{Status, Verdict};
use crate::store::graph::Node;

fn linked_entities(names: &[&str]) -> Vec<LinkedEntity> {
    let one = |name: &&str| LinkedEntity {
        node: Node {
            id: format!("id of {name}"),
            entity_type: "component".to_owned(),
            name: (*name).to_owned(),
            project: String::new(),
            status: Status::Active,
        },
        relationship_type: "satisfies",
        through: None,
        outcome: None,
    };
    names.iter().map(one).collect()
}

fn matrix_row(name: &str, description: &str, satisfied_by: &[&str]) -> MatrixRow {
    let entity = Entity {
        handle: String::new(),
        id: "r-1".to_owned(),
        entity_type: "requirement".to_owned(),
        name: name.to_owned(),
        project: "p06".to_owned(),
        description: description.to_owned(),
        properties: serde_json::Map::from_iter([("value".to_owned(), "12 kg".into())]),
        status: Status::Active,
        confidence: 1.0,
        source_refs: vec!["doc:a.md".to_owned(), "url:b".to_owned()],
        extractor_version: String::new(),
        canonical_home: String::new(),
        hand_authored: false,
        version: 1,
        uid: String::new(),
        content_version: 1,
        source_digests: Default::default(),
        created_at: String::new(),
        updated_at: String::new(),
    };
    let covered = CoveredRequirement {
        entity,
        verdict: Verdict::Satisfied,
        parents: Vec::new(),
        children: Vec::new(),
        child_counts: ChildCounts::default(),
        validated_satisfiers: 0,
        satisfied_by: linked_entities(satisfied_by),
        validated_by: Vec::new(),
        evidence: Vec::new(),
        contradicted_by: Vec::new(),
        inconclusive: Vec::new(),
    };
    MatrixRow { covered, marks: vec![Mark::Suspect] }
}

#[test]
fn a_spreadsheet_reads_text_and_no_formula() {
    let rows = [
        matrix_row("=HYPERLINK(\"http://evil\")", "a, b\n\"c\"", &["+1", "@x; y"]),
        matrix_row("R-2", " -40 °C to +60 °C", &["A\nB", "C"]),
        matrix_row("＝1", "\u{200b}=1", &[]),
    ];
    let head = "requirement_id,uid,project,requirement,value,description,marks,verdict,waived,parents,\
                children,children_covered,satisfied_by,validated_by,evidence,contradicted_by,\
                inconclusive,source_refs\r\n";
    let sources = "\"[\"\"doc:a.md\"\",\"\"url:b\"\"]\"";
    assert_eq!(
        write_csv(&rows).expect("a table"),
        format!(
            "{head}\
             r-1,,p06,\"'=HYPERLINK(\"\"http://evil\"\")\",12 kg,\"a, b\n\"\"c\"\"\",suspect,satisfied,,,,,\
             \"[\"\"'+1\"\",\"\"'@x; y\"\"]\",,,,,{sources}\r\n\
             r-1,,p06,R-2,12 kg,' -40 °C to +60 °C,suspect,satisfied,,,,,\"[\"\"A B\"\",\"\"C\"\"]\",,,,,{sources}\r\n\
             r-1,,p06,'＝1,12 kg,\\u{{200b}}=1,suspect,satisfied,,,,,,,,,,{sources}\r\n"
        )
    );
}

#[test]
fn a_name_has_one_spelling_in_and_outside_of_lists() {
    let csv = write_csv(&[matrix_row("-K1", "", &["-K1"])]).expect("a table");
    assert_eq!(csv.matches("'-K1").count(), 2, "{csv}");
    let long = write_long_csv(&[matrix_row("-K1", "", &["-K1"])]).expect("a table");
    assert_eq!(long.matches(",'-K1,").count(), 2, "{long}");
}

#[test]
fn no_list_is_cut() {
    let names: Vec<String> = (0..150).map(|number| format!("Part {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let csv = write_csv(&[matrix_row("R", "", &names)]).expect("a table");
    assert_eq!(csv.matches("Part ").count(), 150);
    let long =
        write_long_csv(&[matrix_row("R", "", &names), matrix_row("S", "", &[])]).expect("a table");
    assert_eq!(long.lines().count(), 152);
    assert!(long.contains("\r\nr-1,p06,S,12 kg,suspect,satisfied,,,,,,,\r\n"), "{long}");
}

#[test]
fn a_table_in_markdown_keeps_its_columns() {
    let rows = [matrix_row("R|1", "[x](y)\n# z", &["A|B", "<c>"])];
    assert_eq!(
        write_markdown(&rows),
        "1 requirements: none 0, satisfied 1, validated 0, with_evidence 0.\n\n\
         | Requirement | Value | Description | Marks | Verdict | Parents | Children | Satisfied by | Validated by \
         | Evidence | Contradicted by | Inconclusive |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n\
         | R\\|1 | 12 kg | \\[x\\](y) # z | suspect | satisfied |  |  | A\\|B; \\<c\\> |  |  |  |  |\n"
    );
}
