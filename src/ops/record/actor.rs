//! The names of actors: those of atocore itself, which no caller may take.

use crate::model::text::{collapse_spaces, is_blank, look_alike};
use crate::model::{Error, Result};
use crate::ops::record::validate;

/// The actor of upgrades and of rebuilt claims.
pub const PROGRAM: &str = "atocore";
/// The actor of repairs.
pub const DOCTOR: &str = "doctor";
/// The actors of upkeep and of reinforcement begin with it.
const PREFIX: &str = "atocore-";

/// Checks the name of an actor that a caller gave.
pub fn check_actor(given: &str) -> Result<String> {
    let actor = validate::check_name("actor", given)?;
    if is_own_actor(&actor) {
        return Err(Error::invalid(
            "actor",
            format!("{actor:?} is a name of atocore itself in the audit"),
            "Give the name of the person or the agent.",
        ));
    }
    Ok(actor)
}

/// Converts a name that the caller did not choose for the audit, such as that of a client, to a valid
/// actor. `what` says in the audit what has that name, where it is one of atocore itself.
pub fn name_actor(what: &str, given: &str) -> Option<String> {
    let name: String = collapse_spaces(given).chars().take(validate::MAX_NAME).collect();
    match name {
        name if is_blank(&name) => None,
        name if is_own_actor(&name) => Some(format!("{what} {name}")),
        name => Some(name),
    }
}

/// Whether the name is one of atocore's own actors, or looks like one.
fn is_own_actor(name: &str) -> bool {
    let plain = name.to_lowercase();
    let is_like = |own: &str| plain == own || look_alike(&plain, own);
    let head: String = plain.chars().take(PREFIX.len()).collect();
    is_like(PROGRAM) || is_like(DOCTOR) || head == PREFIX || look_alike(&head, PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::maintain::upkeep::UpkeepJob;
    use crate::ops::write::interactions;

    #[test]
    fn no_caller_takes_a_name_of_atocore_itself() {
        let jobs = UpkeepJob::ALL.map(UpkeepJob::actor);
        let own = [PROGRAM, DOCTOR, interactions::ACTOR, "Doctor", " ATOCORE-expiry ", "аtocore-x"];
        for name in own.into_iter().chain(jobs) {
            assert!(check_actor(name).is_err(), "{name}");
            assert_ne!(name_actor("client", name).as_deref(), Some(name));
        }
        for name in ["ada", "doctor who", "atocorelia", "the atocore-team", "docteur"] {
            assert_eq!(check_actor(name).as_deref(), Ok(name));
            assert_eq!(name_actor("client", name).as_deref(), Some(name));
        }
        assert_eq!(name_actor("user", "doctor").as_deref(), Some("user doctor"));
        assert_eq!(name_actor("user", " \u{200b} "), None);
    }
}
