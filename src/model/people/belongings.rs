//! What somebody owns and runs on a host, for whoever is about to remove them.

use serde::{Deserialize, Serialize};

use crate::base::text::counted;
use crate::base::units::Bytes;

/// Everything that is looked for. Paths and names are other people's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belongings {
    /// The home; `None` where it is not there or cannot be looked at.
    pub home: Option<Tree>,
    /// What they own elsewhere.
    pub outside: Outside,
    /// Entries of their crontab; `None` where it cannot be read.
    pub crontab: Option<u32>,
    /// Jobs of `at`; `None` where they cannot be listed.
    pub at_jobs: Option<u32>,
    /// Lines of the system's crontabs that run as them.
    pub system_cron: Vec<Place>,
    /// Their mailbox on this host.
    pub mail_bytes: Option<Bytes>,
    /// Units of the system that run as them.
    pub units: Vec<Place>,
    /// Whether their units run without a session.
    pub linger: bool,
    /// Subordinate uids, as `first-last`.
    pub subuids: Vec<String>,
    /// Subordinate gids, likewise.
    pub subgids: Vec<String>,
    /// Lines of sudoers files that name them.
    pub sudo: Vec<Place>,
    /// What they run now.
    pub processes: u32,
    /// What could not be looked at, each in one sentence.
    pub partial: Vec<String>,
}

/// A directory with everything in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Where.
    pub path: String,
    /// What is in its files, each counted once.
    pub bytes: Bytes,
    /// How many files and directories.
    pub files: u64,
    /// Whether that is all: nothing was left out and the time sufficed.
    pub whole: bool,
}

/// Files that somebody owns outside their home.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// How many files, links and directories.
    pub files: u64,
    /// What is in them, each counted once.
    pub bytes: Bytes,
    /// How many run as their owner or group: set-user-id, set-group-id.
    pub set_id: u64,
    /// Files with names that were not found: in the home, or in somebody else's directory.
    pub more_names: u64,
    /// Files of their containers beside these: of their subordinate uids.
    pub subordinate: u64,
    /// Where most of them are, with how many.
    pub places: Vec<(String, u64)>,
    /// How long was looked for them.
    pub seconds: u64,
    /// Whether everything on this host's own file systems was looked at.
    pub whole: bool,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which file.
    pub file: String,
    /// Which line, from 1.
    pub line: usize,
}

impl Belongings {
    /// All of it in words, each with its label; what is not there is told too where somebody
    /// might wonder.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if let Some(home) = &self.home {
            lines.push(("home", home.told()));
        }
        lines.push(("elsewhere", self.outside.told()));
        lines.push((
            "processes",
            counted(self.processes.into(), "process", "processes"),
        ));
        let jobs = self.jobs();
        if !jobs.is_empty() {
            lines.push(("jobs", jobs.join(", ")));
        }
        if self.linger {
            lines.push(("lingers", "units run without a session".to_owned()));
        }
        if let Some(bytes) = self.mail_bytes {
            lines.push(("mail", bytes.to_string()));
        }
        for (label, places) in [("unit", &self.units), ("sudo rule", &self.sudo)] {
            lines.extend(places.iter().map(|place| (label, place.told())));
        }
        for (label, ranges) in [("subuids", &self.subuids), ("subgids", &self.subgids)] {
            if !ranges.is_empty() {
                lines.push((label, ranges.join(", ")));
            }
        }
        lines.extend(self.partial.iter().map(|text| ("not seen", text.clone())));
        lines
    }

    fn jobs(&self) -> Vec<String> {
        let count = |number: Option<u32>, one: &str, many: &str| match number {
            None => Some(format!("{many}: unknown")),
            Some(0) => None,
            Some(number) => Some(counted(number.into(), one, many)),
        };
        let own = count(self.crontab, "crontab entry", "crontab entries");
        let at = count(self.at_jobs, "at job", "at jobs");
        let system = self.system_cron.iter().map(Place::told);
        own.into_iter().chain(at).chain(system).collect()
    }
}

impl Tree {
    fn told(&self) -> String {
        let files = counted(self.files, "file", "files");
        let least = if self.whole { "" } else { "at least " };
        format!("{}: {least}{} in {files}", self.path, self.bytes)
    }
}

impl Outside {
    /// How many, where, and how sure that is.
    #[must_use]
    pub fn told(&self) -> String {
        let seconds = counted(self.seconds, "second", "seconds");
        let cut = format!("looked for {seconds}, not everywhere");
        match (self.files + self.subordinate, self.whole) {
            (0, true) => "no files outside the home".to_owned(),
            (0, false) => format!("no files outside the home so far: {cut}"),
            (_, whole) => {
                let files = self.files;
                let count = counted(files, "file", "files");
                let places: Vec<String> = self
                    .places
                    .iter()
                    .map(|(path, files)| format!("{files} in {path}"))
                    .collect();
                let mut text = format!("{count}, {}", self.bytes);
                if !places.is_empty() {
                    text += &format!(": {}", places.join(", "));
                }
                if self.places.iter().map(|(_, files)| files).sum::<u64>() < files {
                    text += " and elsewhere";
                }
                if self.subordinate > 0 {
                    text += &format!("; {} more of their containers", self.subordinate);
                }
                if whole {
                    text
                } else {
                    format!("at least {text}; {cut}")
                }
            }
        }
    }
}

impl Place {
    /// File and line.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{} line {}", self.file, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_was_cut_short_says_so() {
        let mut outside = Outside {
            files: 1203,
            bytes: Bytes(2 << 30),
            places: vec![("/srv/project".into(), 900), ("/tmp".into(), 200)],
            seconds: 10,
            ..Outside::default()
        };
        assert_eq!(
            outside.told(),
            "at least 1203 files, 2.00 GiB: 900 in /srv/project, 200 in /tmp and elsewhere; \
             looked for 10 seconds, not everywhere"
        );
        outside.whole = true;
        outside.files = 1100;
        assert_eq!(
            outside.told(),
            "1100 files, 2.00 GiB: 900 in /srv/project, 200 in /tmp"
        );
        assert_eq!(
            Outside::default().told(),
            "no files outside the home so far: looked for 0 seconds, not everywhere"
        );
    }

    #[test]
    fn what_is_unknown_is_not_told_as_nothing() {
        let told = Belongings::default().told();
        assert!(told.contains(&("jobs", "crontab entries: unknown, at jobs: unknown".into())));
        let known = Belongings {
            crontab: Some(0),
            at_jobs: Some(1),
            ..Belongings::default()
        };
        assert!(known.told().contains(&("jobs", "1 at job".into())));
    }
}
