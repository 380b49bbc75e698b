//! Links between the pages: to files and headings that exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Tag, TagEnd};

use super::pages::Page;

/// The addresses of the headings of a page, as GitHub makes them.
fn list_anchors(page: &Page) -> Vec<String> {
    let (mut anchors, mut heading) = (Vec::new(), None::<String>);
    for (event, _) in page.events() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take()),
            Event::Text(text) | Event::Code(text) => {
                let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                let kept = kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() });
                heading.iter_mut().for_each(|heading| heading.extend(kept.clone()));
            }
            _ => {}
        }
    }
    anchors
}

/// A path without `..`.
fn plain_path(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain
    })
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut pages = Page::read_all();
    let tools = "docs/tools.md".to_owned();
    pages.push(Page { text: fs::read_to_string(&tools).expect("a page"), name: tools });
    let anchors: BTreeMap<PathBuf, Vec<String>> =
        pages.iter().map(|page| (PathBuf::from(&page.name), list_anchors(page))).collect();
    let mut count = 0;
    for page in &pages {
        let folder = Path::new(&page.name).parent().expect("a folder");
        for (event, line) in page.events() {
            let (Event::Start(Tag::Link { dest_url, .. })
            | Event::Start(Tag::Image { dest_url, .. })) = event
            else {
                continue;
            };
            let place = format!("{}:{line}: {dest_url}", page.name);
            if dest_url.contains("://") {
                continue;
            }
            count += 1;
            let (file, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
            let path = match file {
                "" => PathBuf::from(&page.name),
                file => plain_path(&folder.join(file)),
            };
            assert!(path.exists(), "{place}");
            let known = anchors.get(&path);
            let found = known.is_some_and(|known| known.iter().any(|one| one == anchor));
            assert!(anchor.is_empty() || found, "{place}: {known:?}");
        }
    }
    assert!(count > 100, "{count} links");
}

#[test]
fn the_readme_names_every_page() {
    let pages = Page::read_all();
    let readme = pages.iter().find(|page| page.name == "README.md").expect("the README");
    for page in pages.iter().filter(|page| page.name.starts_with("docs/")) {
        assert!(
            readme.text.contains(&format!("]({})", page.name)),
            "{} is linked nowhere",
            page.name
        );
    }
}
