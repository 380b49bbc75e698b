//! The client's rights, as text for the agent.

use crate::app::approval::Promotion;
use crate::app::rights::{Rights, Withheld};

/// Returns the rights for the end of the server's instructions.
pub fn describe_rights(rights: Rights) -> &'static str {
    match rights {
        Rights { read_only: true, .. } => {
            "This server is read-only: it has no tool that writes, and rules 3 and 6 to 9 wait for one that has.\n"
        }
        Rights { promotion: Promotion::Agent, .. } => "",
        Rights { promotion: Promotion::Ask, .. } => {
            "This server asks the person before a row becomes active or is rejected, an approved row changes or a conflict is settled: \
             make the call, they answer in their client. If they decline, ask them why before you try again.\n"
        }
        Rights { promotion: Promotion::Human, .. } => {
            "On this server only the person promotes, rejects, settles and changes approved rows: propose candidates; your change of an approved \
             row becomes a proposal. Name the command to them: atocore promote ID, atocore reject ID, atocore resolve ID --resolution RESOLUTION.\n"
        }
    }
}

/// Returns the reminder of the rights at the end of a prompt.
pub fn remind_of_rights(rights: Rights) -> &'static str {
    if rights.read_only {
        return "This server is read-only: it has no tool that writes. Leave out the steps that need one, \
            and tell the person.\n";
    }
    describe_rights(rights)
}

/// Explains why a tool is not offered.
pub fn explain_withheld(withheld: Withheld) -> &'static str {
    match withheld {
        Withheld::ReadOnly => "this server is read-only",
        Withheld::OnlyByPerson => "here a person decides, with the atocore command",
        Withheld::Erases => "it erases contents, which this caller may not",
    }
}
