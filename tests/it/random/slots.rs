//! The second half of the model: links, what active rows claim, and the conflicts that follow.

use std::collections::{BTreeMap, BTreeSet};

use atocore::model::Status;

use super::model::{Entity, Link, Model, Taken};
use super::steps::{Chosen, Owner, PROJECT};

/// Where claims meet: slots of several kinds may have one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub key: String,
    pub project: String,
}

/// What a row says of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub place: Place,
    pub slot: &'static str,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub owner: Owner,
    pub value: String,
    /// Equal for values that say the same.
    pub meaning: String,
    pub present: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    pub place: Place,
    pub slot: String,
    pub status: &'static str,
    pub resolution: &'static str,
    pub members: Vec<Member>,
    pub audited: usize,
}

pub const STATE: &str = "state.fact";
const RESOLUTIONS: [&str; 3] = ["supersede_others", "dismiss", "keep_all"];

/// The places of claims that differ.
pub fn places(
    before: &BTreeMap<Owner, Vec<Claim>>,
    after: &BTreeMap<Owner, Vec<Claim>>,
) -> BTreeSet<Place> {
    let owners: BTreeSet<&Owner> = before.keys().chain(after.keys()).collect();
    let changed = owners.into_iter().filter(|owner| before.get(owner) != after.get(owner));
    let claims = changed.flat_map(|owner| before.get(owner).into_iter().chain(after.get(owner)));
    claims.flatten().map(|claim| claim.place.clone()).collect()
}

/// What a value comes to: a quantity whatever its unit.
fn meaning(value: &str) -> &str {
    if value == "1000 g" { "1 kg" } else { value }
}

/// Whether a statement says what a trusted value says.
fn states(statement: &str, value: &str) -> bool {
    statement == value || (statement == "it is 3 kg" && value == "3 kg")
}

/// Whether a link of a type may stand between entities of these types.
fn may_link(source: &str, kind: &str, target: &str) -> bool {
    let whole = |kind| ["component", "subsystem", "requirement"].contains(&kind);
    match kind {
        "uses_material" => source == "component" && target == "material",
        "part_of" | "contains" => whole(source) && whole(target),
        "satisfies" => source != "requirement" && target == "requirement",
        _ => true,
    }
}

impl Link {
    /// Whether it says this, as it is written or the other way round.
    fn says(&self, source: usize, kind: &str, target: usize) -> bool {
        let inverse = match kind {
            "part_of" => "contains",
            "contains" => "part_of",
            _ => "",
        };
        let written = (self.source, self.kind, self.target);
        written == (source, kind, target) || written == (target, inverse, source)
    }

    pub fn close(&mut self, status: Status) {
        self.status = status;
        self.audited += 1;
    }
}

impl Model {
    pub fn link(&mut self, source: usize, kind: &'static str, target: usize) -> Taken {
        let kinds = (self.entities[source].kind, self.entities[target].kind);
        if !may_link(kinds.0, kind, kinds.1) || source == target {
            return Err("link");
        }
        if kind == "supersedes" && self.replaces(target, source) {
            return Err("invalid");
        }
        if self.active_links().any(|link| link.says(source, kind, target)) {
            return Ok(false);
        }
        self.links.push(Link { source, kind, target, status: Status::Active, audited: 1 });
        Ok(true)
    }

    pub fn unlink(&mut self, source: usize, kind: &str, target: usize) -> Taken {
        let (mut known, mut ended) = (false, false);
        for link in self.links.iter_mut().filter(|link| link.says(source, kind, target)) {
            known = true;
            if link.status == Status::Active {
                link.close(Status::Invalid);
                ended = true;
            }
        }
        if known { Ok(ended) } else { Err("not_found") }
    }

    /// What every row claims.
    pub fn claims(&self) -> BTreeMap<Owner, Vec<Claim>> {
        let mut claims: BTreeMap<Owner, Vec<Claim>> = BTreeMap::new();
        let mut claim = |owner: Owner, slot, key: &str, project: &str, value: String| {
            let place = Place { key: key.to_owned(), project: project.to_owned() };
            claims.entry(owner).or_default().push(Claim { place, slot, value });
        };
        for (at, row) in self.entities.iter().enumerate() {
            if let (Status::Active, Some((slot, value))) = (row.status, row.claimed()) {
                claim(Owner::Entity(at), slot, &row.name, &row.project, value);
            }
        }
        for (at, row) in self.memories.iter().enumerate() {
            if row.status == Status::Active && !row.subject.is_empty() {
                let content = row.content.clone();
                claim(Owner::Memory(at), "memory.subject", &row.subject, &row.project, content);
            }
        }
        for (at, link) in self.links.iter().enumerate() {
            let (part, slot, whole) = match link.kind {
                "uses_material" => (link.source, "component.material", link.target),
                "part_of" => (link.source, "component.part_of", link.target),
                "contains" => (link.target, "component.part_of", link.source),
                _ => continue,
            };
            let (holder, held) = (&self.entities[part], &self.entities[whole]);
            let active = [link.status, holder.status, held.status];
            if active == [Status::Active; 3] && holder.kind == "component" {
                let value = format!("entity {whole}");
                claim(Owner::Link(at), slot, &format!("entity {part}"), &holder.project, value);
            }
        }
        for (at, row) in self.states.iter().enumerate().filter(|(_, row)| row.active) {
            claim(Owner::State(at), STATE, row.key, PROJECT, row.value.clone());
        }
        claims
    }

    /// Looks at all slots of a place.
    pub fn look_at(&mut self, place: &Place) {
        let mut slots: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for (owner, claims) in self.claims() {
            for claim in claims.into_iter().filter(|claim| claim.place == *place) {
                let meaning = meaning(&claim.value).to_owned();
                let member = Member { owner, value: claim.value, meaning, present: true };
                slots.entry(claim.slot.to_owned()).or_default().push(member);
            }
        }
        let others: Vec<Member> = slots.values().flatten().cloned().collect();
        if let Some(trusted) = slots.get_mut(STATE) {
            let state = trusted[0].clone();
            let others = others
                .iter()
                .filter(|other| !matches!(other.owner, Owner::State(_) | Owner::Link(_)));
            trusted.extend(others.cloned().map(|mut other| {
                if states(&other.value, &state.value) {
                    other.meaning.clone_from(&state.meaning);
                }
                other
            }));
        }
        for conflict in self.conflicts.iter().filter(|known| known.is_open(place)) {
            slots.entry(conflict.slot.clone()).or_default();
        }
        for (slot, members) in slots {
            self.look_at_slot(place, slot, members);
        }
    }

    fn look_at_slot(&mut self, place: &Place, slot: String, members: Vec<Member>) {
        let meanings: BTreeSet<&str> =
            members.iter().map(|member| member.meaning.as_str()).collect();
        let known = |known: &&Conflict| known.place == *place && known.slot == slot;
        let looked_at =
            self.conflicts.iter().filter(known).any(|known| known.acknowledges(&meanings));
        let contested = meanings.len() > 1 && !looked_at;
        let mut open: Vec<&mut Conflict> = self
            .conflicts
            .iter_mut()
            .filter(|known| known.is_open(place) && known.slot == slot)
            .collect();
        if contested && open.is_empty() {
            let (place, status, resolution) = (place.clone(), "open", "");
            self.conflicts.push(Conflict { place, slot, status, resolution, members, audited: 1 });
            return;
        }
        if contested {
            open.remove(0).join(members);
        }
        for conflict in open {
            conflict.end("resolved", "settled");
        }
    }

    pub fn resolve(&mut self, chosen: Chosen, how: usize) -> Taken {
        let members = self.conflicts[chosen.conflict].members.clone();
        let present = members.iter().filter(|member| member.present);
        let winner = members.iter().find(|member| member.owner == chosen.winner);
        let winner = winner.ok_or("invalid")?;
        if how == 0 {
            for loser in present.filter(|member| member.meaning != winner.meaning) {
                self.lose(loser.owner, winner.owner)?;
            }
        }
        let status = if how == 1 { "dismissed" } else { "resolved" };
        self.conflicts[chosen.conflict].end(status, RESOLUTIONS[how]);
        Ok(true)
    }

    /// Supersedes a row that lost, by the winner if they are of one kind.
    fn lose(&mut self, loser: Owner, winner: Owner) -> Result<(), &'static str> {
        match (loser, winner) {
            (Owner::State(_), _) => return Err("invalid"),
            (Owner::Link(at), _) => self.links[at].close(Status::Superseded),
            (Owner::Entity(at), _) => {
                self.entities[at].step(Status::Active, Status::Superseded)?;
                if let Owner::Entity(by) = winner {
                    self.link(by, "supersedes", at)?;
                    self.carry_links(at, by)?;
                }
            }
            (Owner::Memory(at), _) => {
                self.memories[at].step(Status::Active, Status::Superseded)?;
                if let Owner::Memory(by) = winner {
                    self.memories[at].superseded_by = Some(by);
                }
            }
        }
        Ok(())
    }
}

impl Conflict {
    fn is_open(&self, place: &Place) -> bool {
        self.status == "open" && self.place == *place
    }

    /// Whether somebody looked at these values and left them standing.
    fn acknowledges(&self, meanings: &BTreeSet<&str>) -> bool {
        let left_standing = ["dismiss", "keep_all"].contains(&self.resolution);
        let mut present = self.members.iter().filter(|member| member.present);
        left_standing
            && meanings
                .iter()
                .all(|meaning| present.clone().any(|member| member.meaning == *meaning))
            && present.next().is_some()
    }

    fn join(&mut self, members: Vec<Member>) {
        let before = self.members.clone();
        for known in &mut self.members {
            match members.iter().find(|member| member.owner == known.owner) {
                Some(member) => known.clone_from(member),
                None => known.present = false,
            }
        }
        let new =
            members.into_iter().filter(|new| !before.iter().any(|known| known.owner == new.owner));
        self.members.extend(new);
        self.audited += usize::from(self.members != before);
    }

    fn end(&mut self, status: &'static str, resolution: &'static str) {
        (self.status, self.resolution) = (status, resolution);
        self.audited += 1;
    }

    pub fn move_to(&mut self, project: String) {
        self.audited += usize::from(self.place.project != project);
        self.place.project = project;
    }
}

impl Entity {
    /// The slot that an entity of its type fills, and its value.
    fn claimed(&self) -> Option<(&'static str, String)> {
        let unit = self.properties.get("unit").map_or("", |_| " kg");
        let shown = |name| self.properties.get(name).map(|value| format!("{value}{unit}"));
        match self.kind {
            "parameter" => Some(("parameter.value", shown("value")?)),
            "requirement" => Some(("requirement.value", shown("value")?)),
            "decision" => Some(("decision.choice", shown("choice")?)),
            _ => None,
        }
    }
}
