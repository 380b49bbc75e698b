//! The page of the overview: sections with a limit of characters.

/// The page as collected so far.
#[derive(Default)]
pub struct OverviewPage {
    parts: Vec<PagePart>,
}

/// A part of the page.
enum PagePart {
    Line(String),
    Section(OverviewSection),
}

/// A list on the page.
pub struct OverviewSection {
    pub title: &'static str,
    /// Lines before the list.
    pub intro: Vec<String>,
    pub lines: Vec<String>,
    /// Total number of items; more than lines if only the first are included.
    pub total: i64,
    /// Number of characters that it may use before other sections get their shares.
    pub share: usize,
}

impl OverviewPage {
    pub fn add(&mut self, line: &str) {
        self.parts.push(PagePart::Line(line.to_owned()));
    }

    /// Adds a section, unless it is empty.
    pub fn section(&mut self, section: OverviewSection) {
        if !section.intro.is_empty() || !section.lines.is_empty() {
            self.parts.push(PagePart::Section(section));
        }
    }

    /// Renders the page within a number of characters: each section as far as its share goes, then
    /// further lines in order of the sections, and the number of omitted ones.
    pub fn render(&self, limit: usize) -> String {
        let fixed: usize = self.parts.iter().map(PagePart::fixed_cost).sum();
        let mut left = limit.saturating_sub(fixed);
        let mut shown = vec![0; self.parts.len()];
        for within_share in [true, false] {
            for (part, shown) in self.parts.iter().zip(&mut shown) {
                let PagePart::Section(section) = part else { continue };
                let mut room = if within_share { section.room().min(left) } else { left };
                while let Some(line) = section.lines.get(*shown) {
                    if line_cost(line) > room {
                        break;
                    }
                    room -= line_cost(line);
                    left -= line_cost(line);
                    *shown += 1;
                }
            }
        }
        let mut text = String::new();
        for (part, shown) in self.parts.iter().zip(shown) {
            match part {
                PagePart::Line(line) => text.push_str(&format!("{line}\n")),
                PagePart::Section(section) => section.write(shown, &mut text),
            }
        }
        text
    }
}

impl PagePart {
    /// Returns the characters that it takes in any case.
    fn fixed_cost(&self) -> usize {
        match self {
            Self::Line(line) => line_cost(line),
            Self::Section(section) => {
                let intro: usize = section.intro.iter().map(|line| line_cost(line)).sum();
                intro + line_cost(section.title) + SECTION_COST
            }
        }
    }
}

/// Characters of a section besides its title and lines: the mark of a heading, blank lines, and the
/// number of omitted lines.
const SECTION_COST: usize = 30;

impl OverviewSection {
    /// Returns the characters of its share that its lines may use.
    fn room(&self) -> usize {
        let intro: usize = self.intro.iter().map(|line| line_cost(line)).sum();
        self.share.saturating_sub(intro)
    }

    fn write(&self, shown: usize, text: &mut String) {
        text.push_str(&format!("\n## {}\n\n", self.title));
        let gap = if self.intro.is_empty() || self.lines.is_empty() { None } else { Some("") };
        let intro = self.intro.iter().map(String::as_str);
        let lines = self.lines.iter().take(shown).map(String::as_str);
        for line in intro.chain(gap).chain(lines) {
            text.push_str(&format!("{line}\n"));
        }
        let omitted = self.total - shown as i64;
        if omitted > 0 {
            text.push_str(&format!("- … and {omitted} more\n"));
        }
    }
}

/// Returns the cost of a line: its characters, or half of its bytes in JSON if that is more.
fn line_cost(line: &str) -> usize {
    let escapes = line.bytes().filter(|byte| matches!(byte, b'\\' | b'"')).count();
    line.chars().count().max((line.len() + escapes) / 2) + 1
}
