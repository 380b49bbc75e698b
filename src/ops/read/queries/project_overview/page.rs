//! The page of the overview: sections with a limit of characters.

/// The page as written so far, and the characters left.
pub struct OverviewPage {
    pub text: String,
    pub left: usize,
}

/// A list on the page.
pub struct OverviewSection {
    pub title: &'static str,
    /// Lines before the list.
    pub intro: Vec<String>,
    pub lines: Vec<String>,
    /// Total number of items; more than lines if only the first are included.
    pub total: i64,
    /// Maximum number of characters it may use.
    pub share: usize,
}

impl OverviewPage {
    pub fn add(&mut self, line: &str) {
        self.left = self.left.saturating_sub(line_cost(line));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a non-empty section: as many of its lines as fit, and the number of omitted ones.
    pub fn section(&mut self, section: OverviewSection) {
        if section.intro.is_empty() && section.lines.is_empty() {
            return;
        }
        let mut room = section.share.min(self.left);
        self.add(&format!("\n## {}\n", section.title));
        for line in &section.intro {
            room = room.saturating_sub(line_cost(line));
            self.add(line);
        }
        if !section.intro.is_empty() && !section.lines.is_empty() {
            self.add("");
        }
        let mut shown = 0;
        for line in &section.lines {
            if line_cost(line) > room {
                break;
            }
            room -= line_cost(line);
            self.add(line);
            shown += 1;
        }
        if section.total > shown {
            self.add(&format!("- … and {} more", section.total - shown));
        }
    }
}

/// Returns the cost of a line: its characters, or half of its bytes in JSON if that is more.
fn line_cost(line: &str) -> usize {
    let escapes = line.bytes().filter(|byte| matches!(byte, b'\\' | b'"')).count();
    line.chars().count().max((line.len() + escapes) / 2) + 1
}
