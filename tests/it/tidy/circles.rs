//! Imports between files of one layer: they form no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use super::{code_of, files};

/// A path in the crate, such as `store`, `audit`, `append`.
type ItemPath = Vec<String>;

/// The modules of the crate, each a file.
struct Modules {
    code: BTreeMap<ItemPath, String>,
    /// The names that a module imports, with their absolute paths.
    imports: BTreeMap<ItemPath, BTreeMap<String, ItemPath>>,
}

/// Returns the path of the module that a file defines.
fn module_of(file: &Path) -> ItemPath {
    let inside = file.strip_prefix("src").expect("a source file").with_extension("");
    let mut path: ItemPath =
        inside.iter().map(|part| part.to_str().expect("a name").to_owned()).collect();
    if path.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        path.pop();
    }
    path
}

/// Returns the paths in the tree of a `use` without whitespace, each with the name it gets.
fn expand_tree(tree: &str) -> Vec<(String, String)> {
    let Some((prefix, rest)) = tree.split_once('{') else {
        let path = tree.trim_end_matches("::self");
        let (path, name) = path.split_once('@').unwrap_or((path, last_segment(path)));
        return vec![(path.to_owned(), name.to_owned())];
    };
    let group = rest.strip_suffix('}').expect("the group ends the tree");
    let (mut branches, mut depth) = (vec![String::new()], 0);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match branches.last_mut() {
            Some(branch) if c != ',' || depth > 0 => branch.push(c),
            _ => branches.push(String::new()),
        }
    }
    branches.retain(|branch| !branch.is_empty());
    branches.iter().flat_map(|branch| expand_tree(&format!("{prefix}{branch}"))).collect()
}

fn last_segment(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

impl Modules {
    fn read() -> Self {
        let no_code = Regex::new(r"(?m)^\s*//.*$|\(in crate[\w:]+\)").expect("a pattern");
        let rename = Regex::new(r"\s+as\s+").expect("a pattern");
        let import = Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([\w:{}*,\s]+);")
            .expect("a pattern");
        let space = Regex::new(r"\s+").expect("a pattern");
        let mut code = BTreeMap::new();
        let mut trees = BTreeMap::new();
        for (file, text) in files("src") {
            let text = no_code.replace_all(code_of(&text), "").into_owned();
            let module = module_of(&file);
            let expand =
                |tree: &str| expand_tree(&space.replace_all(&rename.replace_all(tree, "@"), ""));
            let paths = import.captures_iter(&text).flat_map(|found| expand(&found[1]));
            trees.insert(module.clone(), paths.collect::<Vec<_>>());
            code.insert(module, import.replace_all(&text, "").into_owned());
        }
        let mut modules = Self { code, imports: BTreeMap::new() };
        for (module, paths) in trees {
            let absolute = |(path, name): (String, String)| {
                Some((name, modules.absolute_path(&module, &path)?))
            };
            let names = paths.into_iter().filter_map(absolute).collect();
            modules.imports.insert(module, names);
        }
        modules
    }

    /// Resolves a path that the code of a module names; `None` if it is of another crate.
    fn absolute_path(&self, module: &[String], path: &str) -> Option<ItemPath> {
        let mut rest: Vec<&str> = path.split("::").collect();
        let mut base = match rest[0] {
            "crate" => ItemPath::new(),
            "self" | "super" => module.to_vec(),
            first => {
                let child = [module, &[first.to_owned()]].concat();
                let imported = self.imports.get(module).and_then(|names| names.get(first));
                match imported {
                    Some(imported) => imported.clone(),
                    None if self.code.contains_key(&child) => child,
                    None => return None,
                }
            }
        };
        while rest.first() == Some(&"super") {
            base.pop();
            rest.remove(0);
            if rest.first() != Some(&"super") {
                rest.insert(0, "self");
            }
        }
        base.extend(rest[1..].iter().map(|segment| (*segment).to_owned()));
        Some(base)
    }

    /// Returns the module that defines the item at a path, also if another one re-exports it.
    fn definer_of(&self, mut path: ItemPath) -> ItemPath {
        for _ in 0..10 {
            let is_module = |length: &usize| self.code.contains_key(&path[..*length]);
            let length = (0..=path.len()).rev().find(is_module).expect("the crate");
            let imports = self.imports.get(&path[..length]);
            let Some(from) = path.get(length).and_then(|name| imports?.get(name)) else {
                return path[..length].to_vec();
            };
            path = [from.as_slice(), &path[length + 1..]].concat();
        }
        panic!("{path:?} is re-exported in a circle");
    }

    /// Returns the modules of the same layer whose items a module imports or names.
    fn dependencies_of(&self, module: &ItemPath, path: &Regex) -> BTreeSet<ItemPath> {
        let named = path.find_iter(&self.code[module]).map(|path| path.as_str());
        let named = named.filter_map(|path| self.absolute_path(module, path));
        let paths = named.chain(self.imports[module].values().cloned());
        let mut found: BTreeSet<_> = paths.map(|path| self.definer_of(path)).collect();
        found.retain(|other| other != module && other.first() == module.first());
        found
    }
}

/// Returns the modules that can be reached from a module.
fn reachable_from<'d>(
    start: &ItemPath,
    dependencies: &'d BTreeMap<ItemPath, BTreeSet<ItemPath>>,
) -> BTreeSet<&'d ItemPath> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&ItemPath> = dependencies[start].iter().collect();
    while let Some(module) = waiting.pop() {
        if found.insert(module) {
            waiting.extend(&dependencies[module]);
        }
    }
    found
}

#[test]
fn imports_between_files_of_one_layer_form_no_circle() {
    let modules = Modules::read();
    let path = Regex::new(r"(?:\w+::)+\w+").expect("a pattern");
    let dependencies: BTreeMap<_, _> = modules
        .code
        .keys()
        .map(|module| (module.clone(), modules.dependencies_of(module, &path)))
        .collect();
    let reached: BTreeMap<_, _> =
        dependencies.keys().map(|module| (module, reachable_from(module, &dependencies))).collect();
    let mut circles = Vec::new();
    for (module, others) in reached.iter().filter(|(module, others)| others.contains(*module)) {
        let circle = dependencies[*module]
            .iter()
            .filter(|other| others.contains(other) && reached[other].contains(module));
        let names: Vec<String> = circle.map(|other| other.join("/")).collect();
        circles.push(format!("{} imports {}", module.join("/"), names.join(", ")));
    }
    assert!(circles.is_empty(), "these files form circles:\n{}", circles.join("\n"));
}

#[test]
fn a_use_is_expanded_to_its_paths() {
    let paths = expand_tree("super::a::{self,B@C,d::{E,F}}");
    let expected =
        [("super::a", "a"), ("super::a::B", "C"), ("super::a::d::E", "E"), ("super::a::d::F", "F")];
    assert_eq!(paths, expected.map(|(path, name)| (path.to_owned(), name.to_owned())));
}
