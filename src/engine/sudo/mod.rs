//! Sudo rights of a host, with the people who have them.

mod entries;
mod intent;
mod plans;
mod refused;
mod telling;

use crate::host::root::Root;
use crate::host::{directory, sudo};
use crate::model::people::People;
use crate::model::sudo::findings::{self, Finding, Kind};
use crate::model::sudo::view::{self, Known, PersonRights, Runner};

pub use intent::SudoIntent;
pub use plans::expire;
pub(super) use plans::{add, plan};

/// Everything that is known of sudo here.
#[derive(Clone, Debug, Default)]
pub struct Sudo {
    /// What the files and programs say.
    pub known: Known,
    /// Everyone here, and whom only a rule names.
    pub people: People,
    /// Person by person.
    pub rights: Vec<PersonRights>,
    /// Files of grants that are not as the policy says, each with what is wrong.
    pub drift: Vec<(String, String)>,
}

impl Sudo {
    /// Who may run a command now.
    #[must_use]
    pub fn runners(&self, program: &str, args: &str) -> Vec<Runner> {
        view::runners(&self.known, &self.people, program, args)
    }

    /// What is not as it should be.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut all = findings::of(&self.known, &self.rights);
        all.extend(self.drift.iter().map(|(path, what)| Finding {
            kind: Kind::Drift,
            place: path.clone(),
            what: what.clone(),
            todo: "`benchwarden sudo check --mend` makes it as the policy says".to_owned(),
        }));
        all.sort();
        all
    }
}

/// Looks at a host.
pub(super) fn of(root: &Root) -> Sudo {
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    let rights = view::everybody(&known, &people);
    Sudo {
        drift: plans::drift(root, &known),
        known,
        people,
        rights,
    }
}
