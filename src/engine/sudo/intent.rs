//! What somebody wants of sudo.

use crate::plan::sudo::file::Wish;

/// What somebody wants of sudo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SudoIntent {
    /// A grant, new or another than before; wildcards only where they are asked for.
    Grant(Box<Wish>, bool),
    /// A grant no more.
    Revoke(String),
    /// Our own files as the policy says: those that are over or unknown to it go, those that
    /// differ or are missing are written.
    Mend,
    /// What is over, gone.
    Expire,
}

impl SudoIntent {
    /// What it is called: the first words of its plan.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Grant(wish, _) => {
                let groups = wish.groups.iter().map(|group| format!("group {group}"));
                let whom: Vec<String> = wish.users.iter().cloned().chain(groups).collect();
                let target = wish.run_as.as_deref().unwrap_or("root");
                let until = match wish.until {
                    Some(until) => format!("until {}", until.strftime("%Y-%m-%dT%H:%M:%SZ")),
                    None => "for ever".to_owned(),
                };
                let reason = wish.reason.as_ref();
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                format!(
                    "grant sudo {} to {} as {target}, {until}: {}{reason}",
                    wish.name,
                    whom.join(", "),
                    wish.commands.join(", ")
                )
            }
            Self::Revoke(name) => format!("revoke sudo grant {name}"),
            Self::Mend => "mend the files of sudo grants".to_owned(),
            Self::Expire => "take back sudo grants that are over".to_owned(),
        }
    }

    pub(super) fn about(&self) -> &str {
        match self {
            Self::Grant(wish, _) => &wish.name,
            Self::Revoke(name) => name,
            Self::Mend | Self::Expire => "sudo",
        }
    }
}
