//! Sudo rights of a host, with the people who have them.

use crate::host::root::Root;
use crate::host::{directory, sudo};
use crate::model::people::People;
use crate::model::sudo::findings::{self, Finding};
use crate::model::sudo::view::{self, Known, PersonRights, Runner};

/// Everything that is known of sudo here.
#[derive(Clone, Debug, Default)]
pub struct Sudo {
    /// What the files and programs say.
    pub known: Known,
    /// Everyone here, and whom only a rule names.
    pub people: People,
    /// Person by person.
    pub rights: Vec<PersonRights>,
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
        findings::of(&self.known, &self.rights)
    }
}

/// Looks at a host.
pub(super) fn of(root: &Root) -> Sudo {
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    let rights = view::everybody(&known, &people);
    Sudo {
        known,
        people,
        rights,
    }
}
