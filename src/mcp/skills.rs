//! Skills (SEP-2640): how to do a task with the tools of this server, as Markdown for the model. A client
//! lists them, and reads the one that fits.

use rmcp::model::{Skill, SkillFrontmatter, SkillResource, SkillResources};

use super::address::{SKILL, expand_template};
use crate::app::rights::Rights;

struct SkillText {
    name: &'static str,
    /// The file with its frontmatter.
    text: &'static str,
    /// Whether the task needs write access.
    writes: bool,
}

static SKILLS: [SkillText; 5] = [
    SkillText {
        name: "capture-decision",
        text: include_str!("skills/capture-decision.md"),
        writes: true,
    },
    SkillText {
        name: "design-review",
        text: include_str!("skills/design-review.md"),
        writes: false,
    },
    SkillText {
        name: "graduate-memories",
        text: include_str!("skills/graduate-memories.md"),
        writes: true,
    },
    SkillText { name: "handoff", text: include_str!("skills/handoff.md"), writes: true },
    SkillText { name: "review-queue", text: include_str!("skills/review-queue.md"), writes: false },
];

/// Returns the skills for callers with these rights.
pub fn list(rights: Rights) -> Vec<Skill> {
    offered_skills(rights).map(describe_skill).collect()
}

/// Returns the text of a skill by its name.
pub fn find_text(rights: Rights, name: &str) -> Option<&'static str> {
    offered_skills(rights).find(|skill| skill.name == name).map(|skill| skill.text)
}

fn offered_skills(rights: Rights) -> impl Iterator<Item = &'static SkillText> {
    SKILLS.iter().filter(move |skill| !(skill.writes && rights.read_only))
}

fn describe_skill(skill: &SkillText) -> Skill {
    let uri = expand_template(SKILL, skill.name);
    let file = SkillResource::from_bytes(uri.as_str(), skill.text.as_bytes());
    let description = read_field(skill.text, "description");
    let frontmatter = SkillFrontmatter::new(read_field(skill.text, "name"), description);
    Skill::new(uri, frontmatter, SkillResources::Files(vec![file]))
}

/// Reads a field of the frontmatter, which has one line for each.
fn read_field<'t>(text: &'t str, name: &str) -> &'t str {
    let lines = text.lines().skip(1).take_while(|line| *line != "---");
    let mut fields = lines.filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| *field == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use rmcp::model::SKILL_MD;

    use super::*;

    #[test]
    fn each_skill_is_named_as_its_address_and_its_fields_are_plain_yaml() {
        let skills = list(Rights::default());
        assert_eq!(skills.len(), SKILLS.len());
        for (skill, source) in skills.iter().zip(&SKILLS) {
            assert_eq!(skill.validate(), Ok(()));
            assert_eq!(skill.name(), source.name);
            assert!(skill.uri.ends_with(SKILL_MD), "{}", skill.uri);
            assert!(source.text.starts_with("---\nname: "), "{}", source.name);
            assert!(source.text.lines().count() <= 60, "{}", source.name);
            let about = &skill.frontmatter.description;
            let plain = about.starts_with(char::is_alphabetic) && !about.contains([':', '#', '"']);
            assert!(plain && (100..=1_024).contains(&about.len()), "{about}");
        }
    }

    #[test]
    fn a_reader_has_no_skill_that_writes() {
        let reader = Rights { read_only: true, ..Rights::default() };
        let names: Vec<_> = list(reader).iter().map(|skill| skill.name().to_owned()).collect();
        assert_eq!(names, ["design-review", "review-queue"]);
        assert_eq!(find_text(reader, "capture-decision"), None);
    }
}
