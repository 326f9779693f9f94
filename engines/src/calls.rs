//! A look at a script's tree: what it calls, and which of its rules lead to which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::builtins;
use crate::tree::{first_member, items, path_of, place, root, static_path, text_of};

pub type Path = Vec<String>;

pub struct Call {
    pub path: Path,
    pub line: u32,
    pub column: u32,
    pub kind: Named,
}

/// What a function is named for.
#[derive(Clone, Copy, PartialEq)]
pub enum Named {
    /// To be called with so many arguments.
    Called(usize),
    /// By `with`.
    Replaced,
    /// To stand in for another one.
    Instead,
}

/// All rules of one path.
#[derive(Default)]
pub struct Definition {
    pub is_function: bool,
    pub arguments: usize,
    pub line: u32,
    pub column: u32,
    /// How deep the interpreter nests in its bodies, about, in kilobytes of its stack.
    weight: u32,
    leads_to: BTreeSet<Path>,
}

#[derive(Default)]
pub struct Script {
    pub calls: Vec<Call>,
    /// Where the package itself is read, or what it is in.
    pub reads_package: Option<(u32, u32)>,
    pub definitions: BTreeMap<Path, Definition>,
    package: Path,
    imports: BTreeMap<String, Path>,
    /// Of the names of its rules.
    longest: usize,
}

/// What a nesting of each costs of the stack.
const OF_RULE: u32 = 4;
const OF_QUERY: u32 = 2;
const OF_EXPRESSION: u32 = 1;

impl Script {
    /// `module` is the tree as regorus writes it, `source` what it was made of.
    pub fn read(module: &Json, source: &str) -> Script {
        let mut script = Script { package: path_of(&module["package"]["refr"]).unwrap_or_default(), ..Script::default() };
        script.package.insert(0, "data".to_string());
        for import in items(&module["imports"]) {
            let Some(path) = path_of(&import["refr"]) else { continue };
            let alias = match text_of(&import["as"], source) {
                "" => path.last().cloned().unwrap_or_default(),
                alias => alias.to_string(),
            };
            script.imports.insert(alias, path);
        }
        let rules: Vec<(Path, &Json)> = items(&module["rules"])
            .iter()
            .filter_map(|rule| Some((script.define(rule)?, rule)))
            .collect();
        for (path, rule) in rules {
            let mut walk = Walk { script: &script, source, scopes: Vec::new(), depth: 0, deepest: 0, calls: Vec::new(), reads_package: None, leads_to: BTreeSet::new() };
            walk.rule(rule);
            let Walk { deepest, calls, reads_package, leads_to, .. } = walk;
            script.calls.extend(calls);
            script.reads_package = script.reads_package.or(reads_package);
            if let Some(definition) = script.definitions.get_mut(&path) {
                definition.weight = definition.weight.max(OF_RULE + deepest);
                definition.leads_to.extend(leads_to);
            }
        }
        script
    }

    /// Whether there is such a rule or function, or one below it. `path` begins with "data".
    pub fn declares(&self, path: &[String]) -> bool {
        self.below(path).next().is_some()
    }

    /// Named from "data" on, or by an import.
    pub fn is_qualified(&self, path: &[String]) -> bool {
        path.first().is_some_and(|first| first == "data" || self.imports.contains_key(first))
    }

    pub fn in_full(&self, path: &[String]) -> Path {
        match path.split_first() {
            Some((first, rest)) => match self.imports.get(first) {
                Some(target) => [target, rest].concat(),
                None => self.in_package(path),
            },
            None => Path::new(),
        }
    }

    pub fn in_package(&self, path: &[String]) -> Path {
        if path.first().is_some_and(|first| first == "data") { path.to_vec() } else { [&self.package, path].concat() }
    }

    /// A rule that leads back to itself.
    pub fn cycle(&self) -> Option<(&Path, &Definition)> {
        let mut seen = BTreeMap::new();
        let found = self.definitions.keys().find_map(|path| self.cycle_from(path, &mut seen))?;
        Some((found, &self.definitions[found]))
    }

    /// `seen`: whether the search is still within it.
    fn cycle_from<'a>(&'a self, path: &'a Path, seen: &mut BTreeMap<&'a Path, bool>) -> Option<&'a Path> {
        match seen.get(path) {
            Some(true) => return Some(path),
            Some(false) => return None,
            None => seen.insert(path, true),
        };
        let found = self.definitions[path].leads_to.iter().find_map(|next| self.cycle_from(next, seen));
        seen.insert(path, false);
        found
    }

    /// Of a script without cycles: the most that rules on top of one another weigh.
    pub fn weight(&self) -> u32 {
        let mut known = BTreeMap::new();
        self.definitions.keys().map(|path| self.weight_from(path, &mut known)).max().unwrap_or(0)
    }

    fn weight_from<'a>(&'a self, path: &'a Path, known: &mut BTreeMap<&'a Path, u32>) -> u32 {
        if let Some(weight) = known.get(path) {
            return *weight;
        }
        let definition = &self.definitions[path];
        let below = definition.leads_to.iter().map(|next| self.weight_from(next, known)).max().unwrap_or(0);
        let weight = definition.weight.saturating_add(below);
        known.insert(path, weight);
        weight
    }

    /// As the script calls what is defined there.
    pub fn name_of(&self, path: &[String]) -> String {
        path.get(self.package.len()..).unwrap_or(path).join(".")
    }

    fn define(&mut self, rule: &Json) -> Option<Path> {
        let (head, is_function) = match (&rule["Spec"]["head"], &rule["Default"]) {
            (_, default @ Json::Object(_)) => (default, !items(&default["args"]).is_empty()),
            (head, _) => match first_member(head)? {
                ("Func", head) => (head, true),
                (_, head) => (head, false),
            },
        };
        let path = [self.package.clone(), static_path(&head["refr"])].concat();
        self.longest = self.longest.max(path.len());
        let definition = self.definitions.entry(path.clone()).or_default();
        definition.is_function |= is_function;
        definition.arguments = items(&head["args"]).len();
        if definition.line == 0 {
            (definition.line, definition.column) = place(first_member(root(&head["refr"]))?.1);
        }
        Some(path)
    }

    /// The function of the script that this names.
    pub fn function(&self, path: &[String]) -> Option<Path> {
        [self.in_full(path), self.in_package(path)]
            .into_iter()
            .find(|full| self.definitions.get(full).is_some_and(|found| found.is_function))
    }

    /// Whether what is called by that name may be, with so many arguments; a function of the script
    /// may have one more, which it gives a value.
    pub fn takes(&self, path: &[String], arguments: usize) -> bool {
        let wanted = self.function(path).map(|function| self.definitions[&function].arguments);
        wanted.is_none_or(|wanted| wanted == arguments)
    }

    /// Whether the function is called by another name as well, by which it is not replaced.
    pub fn has_other_name(&self, replaced: &[String]) -> bool {
        let function = self.function(replaced);
        let is_other = |call: &Call| call.path != replaced && matches!(call.kind, Named::Called(_)) && self.function(&call.path) == function;
        function.is_some() && self.calls.iter().any(is_other)
    }

    pub fn is_function(&self, path: &[String]) -> bool {
        let is_builtin = builtins::why_refused(&path.join(".")).is_none() && !self.declares(&self.in_full(path));
        is_builtin || self.function(path).is_some()
    }

    fn below<'a>(&'a self, path: &'a [String]) -> impl Iterator<Item = &'a Path> {
        self.definitions.range(path.to_vec()..).map(|(found, _)| found).take_while(move |found| found.starts_with(path))
    }

    /// In full, if that is a rule, in one, or above one.
    pub fn named(&self, path: &[String]) -> Option<Path> {
        let full = self.in_full(path);
        let end = full.len().min(self.longest);
        let is_within = (self.package.len() + 1..=end).any(|end| self.definitions.contains_key(&full[..end]));
        (is_within || self.declares(&full)).then_some(full)
    }

    /// The rules that reading `path` evaluates.
    fn rules_at(&self, path: &[String]) -> Vec<Path> {
        let full = self.in_full(path);
        if full.len() <= self.package.len() || !full.starts_with(&self.package) {
            return Vec::new(); // of a package, what is there is taken as it is
        }
        // Where nothing has the whole name, all that share the longest part of it are evaluated.
        let end = full.len().min(self.longest);
        let prefixes = || (self.package.len() + 1..=end).rev().map(|end| &full[..end]);
        let longest = prefixes().find(|prefix| self.below(prefix).next().is_some());
        let below = longest.into_iter().flat_map(|prefix| self.below(prefix).cloned().collect::<Vec<_>>());
        let above = prefixes().filter(|prefix| self.definitions.contains_key(*prefix)).map(<[_]>::to_vec);
        below.chain(above).filter(|path| !self.definitions[path].is_function).collect()
    }
}

/// Through one rule.
struct Walk<'a> {
    script: &'a Script,
    source: &'a str,
    scopes: Vec<BTreeSet<String>>,
    depth: u32,
    deepest: u32,
    calls: Vec<Call>,
    reads_package: Option<(u32, u32)>,
    leads_to: BTreeSet<Path>,
}

impl Walk<'_> {
    fn rule(&mut self, rule: &Json) {
        if let Json::Object(_) = rule["Default"] {
            return self.within(variables(&rule["Default"]["args"]), |walk| walk.any(&rule["Default"]["value"]));
        }
        let Some((_, head)) = first_member(&rule["Spec"]["head"]) else { return };
        let values = |walk: &mut Self| {
            walk.indexes(&head["refr"]);
            walk.any(&head["assign"]);
            walk.any(&head["key"]);
        };
        self.within(variables(&head["args"]), |walk| {
            walk.any(&head["args"]);
            let bodies = items(&rule["Spec"]["bodies"]);
            if bodies.is_empty() {
                values(walk);
            }
            for body in bodies {
                walk.query(&body["query"], |walk| {
                    values(walk);
                    walk.any(&body["assign"]);
                });
            }
        });
    }

    fn within(&mut self, names: BTreeSet<String>, work: impl FnOnce(&mut Self)) {
        self.scopes.push(names);
        work(self);
        self.scopes.pop();
    }

    fn deeper(&mut self, weight: u32, work: impl FnOnce(&mut Self)) {
        self.depth += weight;
        self.deepest = self.deepest.max(self.depth);
        work(self);
        self.depth -= weight;
    }

    /// And what stands in its scope: the term of a comprehension, the value of a rule.
    fn query(&mut self, query: &Json, with: impl FnOnce(&mut Self)) {
        let declared = self.declared_in(query);
        self.deeper(OF_QUERY, |walk| {
            walk.within(declared, |walk| {
                with(walk);
                for statement in items(&query["stmts"]) {
                    walk.any(&statement["literal"]);
                    items(&statement["with_mods"]).iter().for_each(|replacement| walk.replacement(replacement));
                }
            });
        });
    }

    fn declared_in(&self, query: &Json) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for statement in items(&query["stmts"]) {
            let literal = &statement["literal"];
            for span in items(&literal["SomeVars"]["vars"]) {
                names.insert(text_of(span, self.source).to_string());
            }
            names.extend(variables(&literal["SomeIn"]["key"]));
            names.extend(variables(&literal["SomeIn"]["value"]));
            let assignment = &literal["Expr"]["expr"]["AssignExpr"];
            if assignment["op"] == "ColEq" {
                names.extend(variables(&assignment["lhs"]));
            }
        }
        names
    }

    fn any(&mut self, node: &Json) {
        match node {
            Json::Array(all) => all.iter().for_each(|each| self.any(each)),
            Json::Object(members) => match members.iter().next() {
                Some((kind, inner)) if members.len() == 1 => self.node(kind, inner, node),
                _ => self.members(members),
            },
            _ => {}
        }
    }

    fn members(&mut self, members: &Map<String, Json>) {
        members.iter().filter(|(name, _)| *name != "span").for_each(|(_, member)| self.any(member));
    }

    fn node(&mut self, kind: &str, inner: &Json, whole: &Json) {
        self.deeper(OF_EXPRESSION, |walk| match kind {
            "Call" => walk.call(inner),
            "Var" | "RefDot" | "RefBrack" => walk.reference(whole),
            "ArrayCompr" | "SetCompr" | "ObjectCompr" => walk.query(&inner["query"], |walk| {
                ["term", "key", "value"].iter().for_each(|name| walk.any(&inner[*name]));
            }),
            "Every" => {
                walk.any(&inner["domain"]);
                let of = |name: &str| text_of(&inner[name], walk.source).to_string();
                let names = BTreeSet::from([of("key"), of("value")]);
                walk.within(names, |walk| walk.query(&inner["query"], |_| {}));
            }
            _ => walk.any(inner),
        });
    }

    fn call(&mut self, call: &Json) {
        self.names_function(&call["fcn"], Named::Called(items(&call["params"]).len()));
        self.any(&call["params"]);
    }

    fn names_function(&mut self, named: &Json, kind: Named) {
        let path = static_path(named);
        self.leads_to.extend(self.script.function(&path));
        let (line, column) = first_member(root(named)).map_or((0, 0), |(_, node)| place(node));
        self.calls.push(Call { path, line, column, kind });
    }

    /// `with count as f`: either may be a function.
    fn replacement(&mut self, replacement: &Json) {
        for (side, kind) in [("refr", Named::Replaced), ("as", Named::Instead)] {
            let named = &replacement[side];
            self.any(named);
            let Some(path) = path_of(named) else { continue };
            let first = path[0].as_str();
            let is_value = first == "input" || self.is_local(first) || !self.script.rules_at(&path).is_empty();
            if !is_value && (first != "data" || self.script.function(&path).is_some()) {
                self.names_function(named, kind);
            }
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn reference(&mut self, reference: &Json) {
        let path = static_path(reference);
        match path.first() {
            None => {
                // A member of something computed.
                if let Some((_, node)) = first_member(reference) {
                    self.any(&node["refr"]);
                }
            }
            Some(first) if self.is_local(first) => {}
            Some(_) => {
                if self.script.package.starts_with(&self.script.in_full(&path)) {
                    self.reads_package.get_or_insert(place(first_member(root(reference)).map_or(reference, |(_, node)| node)));
                }
                self.leads_to.extend(self.script.rules_at(&path));
            }
        }
        self.indexes(reference);
    }

    /// `p[q(1)][r]`: what stands in the brackets.
    fn indexes(&mut self, reference: &Json) {
        let Some((kind, node)) = first_member(reference) else { return };
        if kind == "RefDot" || kind == "RefBrack" {
            self.indexes(&node["refr"]);
            self.any(&node["index"]);
        }
    }
}

/// All that are named in a pattern.
fn variables(pattern: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_variables(pattern, &mut found);
    found
}

fn collect_variables(node: &Json, found: &mut BTreeSet<String>) {
    match node {
        Json::Array(all) => all.iter().for_each(|each| collect_variables(each, found)),
        Json::Object(members) => {
            for (kind, inner) in members {
                match (kind.as_str(), inner["value"].as_str()) {
                    ("Var", Some(name)) => {
                        found.insert(name.to_string());
                    }
                    ("RefDot" | "RefBrack" | "span", _) => {}
                    _ => collect_variables(inner, found),
                }
            }
        }
        _ => {}
    }
}

/// The variables that a rule declares, wherever in it.
pub fn locals(rule: &Json, source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect_locals(rule, source, &mut found);
    found
}

fn collect_locals(node: &Json, source: &str, found: &mut BTreeSet<String>) {
    match node {
        Json::Array(all) => all.iter().for_each(|each| collect_locals(each, source, found)),
        Json::Object(members) => {
            for (kind, inner) in members {
                match kind.as_str() {
                    "SomeVars" => found.extend(items(&inner["vars"]).iter().map(|span| text_of(span, source).to_string())),
                    "Every" => found.extend(["key", "value"].map(|name| text_of(&inner[name], source).to_string())),
                    "SomeIn" => ["key", "value"].iter().for_each(|name| collect_variables(&inner[*name], found)),
                    "AssignExpr" if inner["op"] == "ColEq" => collect_variables(&inner["lhs"], found),
                    "args" => collect_variables(inner, found),
                    _ => {}
                }
                collect_locals(inner, source, found);
            }
        }
        _ => {}
    }
}
