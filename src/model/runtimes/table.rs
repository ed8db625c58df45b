//! The table that the shim reads at every start of R or Python: what is to be had, and who gets
//! which. It is compiled from the policy, with uids and gids in place of names, so that a look at
//! it asks no directory and takes microseconds.
//!
//! One thing a line, words parted by single blanks; later lines win over earlier ones. A line that
//! is not understood is passed over: a newer benchwarden may have written it.

use std::fmt::Write as _;

use crate::base::id::{PeopleRange, Uid};

use super::Language;
use super::version::{Version, newest};

/// Where it is.
pub const PATH: &str = "/etc/benchwarden/runtimes.table";
/// Its first line.
const HEAD: &str = "benchwarden-runtimes 1";
/// Nothing, where a word has to stand.
const NONE: &str = "-";

/// The whole table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The first uid of a person.
    pub first_person: u32,
    /// What may be chosen.
    pub have: Vec<Have>,
    /// What the system's accounts get.
    pub system: Vec<(Language, Program)>,
    /// What people get for whom nothing is chosen: what they had before anything was.
    pub others: Vec<(Language, Program)>,
    /// What is chosen, the most specific last.
    pub choices: Vec<Choice>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Have {
    /// Of which language.
    pub language: Language,
    /// Which.
    pub version: Version,
    /// What is started.
    pub program: Program,
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The interpreter.
    pub path: String,
    /// `Rscript`, where there is one.
    pub script: Option<String>,
}

/// For whom a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Every person.
    Everybody,
    /// Those in a group, by gid.
    Group(u32),
    /// One person, by uid.
    User(u32),
}

/// A version for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// For whom.
    pub whom: Whom,
    /// Of which language.
    pub language: Language,
    /// Which: one of those that are to be had.
    pub version: Version,
}

/// Who starts something.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The real uid.
    pub uid: u32,
    /// All groups, the real gid included.
    pub gids: &'a [u32],
    /// The version that they ask for in the environment.
    pub wish: Option<&'a str>,
}

/// What somebody gets, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given<'a> {
    /// What is started.
    pub program: &'a Program,
    /// Its version, where the table knows it.
    pub version: Option<&'a Version>,
    /// Why.
    pub because: Because,
}

/// Why somebody gets a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// They ask for it.
    Wish,
    /// It is chosen for them.
    Chosen(Whom),
    /// Nothing is chosen for them.
    Unchosen,
    /// They are no person.
    System,
}

impl Table {
    /// The table as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}\nperson {}\n", self.first_person);
        let words = |program: &Program| {
            let script = program.script.as_deref().unwrap_or(NONE);
            format!("{} {script}", program.path)
        };
        for have in &self.have {
            let (name, program) = (have.language.name(), words(&have.program));
            let _ = writeln!(text, "have {name} {} {program}", have.version);
        }
        for (key, programs) in [("system", &self.system), ("others", &self.others)] {
            for (language, program) in programs {
                let _ = writeln!(text, "{key} {} {}", language.name(), words(program));
            }
        }
        for choice in &self.choices {
            let whom = match choice.whom {
                Whom::Everybody => "everybody".to_owned(),
                Whom::Group(gid) => format!("group {gid}"),
                Whom::User(uid) => format!("user {uid}"),
            };
            let _ = writeln!(text, "{whom} {} {}", choice.language.name(), choice.version);
        }
        text
    }

    /// A table from its text; `None` for what is none of this version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let mut table = Self {
            first_person: PeopleRange::default().first,
            ..Self::default()
        };
        for line in lines {
            // One line that is not understood is passed over.
            let _ = table.take(line);
        }
        Some(table)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let key = words.next()?;
        match key {
            "person" => self.first_person = words.next()?.parse().ok()?,
            "have" => {
                let have = Have {
                    language: language(words.next()?)?,
                    version: Version::parse(words.next()?)?,
                    program: program(&mut words)?,
                };
                self.have.push(have);
            }
            "system" | "others" => {
                let entry = (language(words.next()?)?, program(&mut words)?);
                match key {
                    "system" => self.system.push(entry),
                    _ => self.others.push(entry),
                }
            }
            "everybody" | "group" | "user" => {
                let whom = match key {
                    "everybody" => Whom::Everybody,
                    "group" => Whom::Group(words.next()?.parse().ok()?),
                    _ => Whom::User(words.next()?.parse().ok()?),
                };
                self.choices.push(Choice {
                    whom,
                    language: language(words.next()?)?,
                    version: Version::parse(words.next()?)?,
                });
            }
            _ => {}
        }
        Some(())
    }

    /// What somebody gets; `None` where the table says nothing for them.
    #[must_use]
    pub fn given(&self, of: Language, caller: Caller<'_>) -> Option<Given<'_>> {
        let fixed = |programs: &'_ [(Language, Program)]| {
            programs.iter().position(|(language, _)| *language == of)
        };
        let range = PeopleRange {
            first: self.first_person,
        };
        if !range.is_person(Uid(caller.uid), true) {
            let (_, program) = self.system.get(fixed(&self.system)?)?;
            return Some(Given {
                program,
                version: None,
                because: Because::System,
            });
        }
        let have = || self.have.iter().filter(|have| have.language == of);
        if let Some(wish) = caller.wish.and_then(Version::parse) {
            let all = have().map(|have| (&have.version, have));
            if let Some(have) = newest(&wish, all) {
                return Some(Given {
                    program: &have.program,
                    version: Some(&have.version),
                    because: Because::Wish,
                });
            }
        }
        let is_theirs = |choice: &&Choice| {
            choice.language == of
                && match choice.whom {
                    Whom::Everybody => true,
                    Whom::Group(gid) => caller.gids.contains(&gid),
                    Whom::User(uid) => caller.uid == uid,
                }
        };
        if let Some(choice) = self.choices.iter().rfind(is_theirs)
            && let Some(have) = have().find(|have| have.version == choice.version)
        {
            return Some(Given {
                program: &have.program,
                version: Some(&have.version),
                because: Because::Chosen(choice.whom),
            });
        }
        let (_, program) = self.others.get(fixed(&self.others)?)?;
        Some(Given {
            program,
            version: have()
                .find(|have| have.program == *program)
                .map(|have| &have.version),
            because: Because::Unchosen,
        })
    }

    /// Whether a wish means nothing that is to be had.
    #[must_use]
    pub fn is_vain(&self, of: Language, wish: &str) -> bool {
        let Some(wish) = Version::parse(wish) else {
            return true;
        };
        let mut have = self.have.iter().filter(|have| have.language == of);
        !have.any(|have| wish.begins(&have.version))
    }
}

fn language(word: &str) -> Option<Language> {
    Language::ALL
        .into_iter()
        .find(|language| language.name() == word)
}

fn program<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Program> {
    let path = words.next().filter(|path| path.starts_with('/'))?;
    let script = words.next().filter(|path| path.starts_with('/'));
    Some(Program {
        path: path.to_owned(),
        script: script.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn program(path: &str) -> Program {
        Program {
            path: path.to_owned(),
            script: Some(format!("{path}script")),
        }
    }

    fn table() -> Table {
        let have = |text: &str| Have {
            language: Language::R,
            version: version(text),
            program: program(&format!("/opt/R/{text}/bin/R")),
        };
        let choice = |whom, text: &str| Choice {
            whom,
            language: Language::R,
            version: version(text),
        };
        Table {
            first_person: 1000,
            have: vec![have("4.5.0"), have("4.2.2"), have("4.1.3")],
            system: vec![(Language::R, program("/usr/lib/R/bin/R"))],
            others: vec![(Language::R, program("/opt/R/4.1.3/bin/R"))],
            choices: vec![
                choice(Whom::Group(3000), "4.2.2"),
                choice(Whom::Group(3001), "4.5.0"),
                choice(Whom::User(1007), "4.1.3"),
            ],
        }
    }

    fn given(table: &Table, uid: u32, gids: &[u32], wish: Option<&str>) -> (String, Because) {
        let caller = Caller { uid, gids, wish };
        let given = table.given(Language::R, caller).unwrap();
        (given.program.path.clone(), given.because)
    }

    #[test]
    fn the_most_specific_choice_wins_and_of_groups_the_last() {
        let mut table = table();
        let of = |table: &Table, uid, gids: &[u32]| given(table, uid, gids, None);
        let r = |text: &str| format!("/opt/R/{text}/bin/R");
        assert_eq!(of(&table, 1001, &[1001]), (r("4.1.3"), Because::Unchosen));
        let legacy = Because::Chosen(Whom::Group(3000));
        assert_eq!(of(&table, 1001, &[3000]), (r("4.2.2"), legacy));
        let both = of(&table, 1001, &[3000, 3001]);
        assert_eq!(both, (r("4.5.0"), Because::Chosen(Whom::Group(3001))));
        let own = of(&table, 1007, &[3000, 3001]);
        assert_eq!(own, (r("4.1.3"), Because::Chosen(Whom::User(1007))));
        table.choices.insert(
            0,
            Choice {
                whom: Whom::Everybody,
                language: Language::R,
                version: version("4.5.0"),
            },
        );
        let everybody = Because::Chosen(Whom::Everybody);
        assert_eq!(of(&table, 1001, &[]), (r("4.5.0"), everybody));
    }

    #[test]
    fn the_system_gets_its_own_whatever_it_asks_for_or_is_a_member_of() {
        for uid in [0, 33, 999, 65_534] {
            let got = given(&table(), uid, &[3000], Some("4.5.0"));
            assert_eq!(
                got,
                ("/usr/lib/R/bin/R".to_owned(), Because::System),
                "{uid}"
            );
        }
    }

    #[test]
    fn a_wish_is_heeded_within_what_is_to_be_had() {
        let of = |wish| given(&table(), 1007, &[], Some(wish));
        assert_eq!(of("4.2"), ("/opt/R/4.2.2/bin/R".to_owned(), Because::Wish));
        for vain in ["4.6", "/tmp/R", "", "4.2.2; id", "../x"] {
            assert_eq!(of(vain).1, Because::Chosen(Whom::User(1007)), "{vain}");
            assert!(table().is_vain(Language::R, vain), "{vain}");
        }
        assert!(!table().is_vain(Language::R, "4"));
    }

    #[test]
    fn a_table_that_is_none_or_says_nothing_gives_nothing() {
        let caller = Caller {
            uid: 1001,
            gids: &[],
            wish: None,
        };
        assert_eq!(table().given(Language::Python, caller), None);
        assert_eq!(Table::parse(""), None);
        assert_eq!(Table::parse("benchwarden-runtimes 2\n"), None);
        let odd = format!(
            "{}new thing\nuser x r 4\nhave r 4.5.0 relative -\n",
            table().to_text()
        );
        assert_eq!(
            Table::parse(&odd),
            Some(table()),
            "what is odd is passed over"
        );
    }

    proptest! {
        #[test]
        fn a_table_is_read_as_it_was_written(
            gids in proptest::collection::vec(any::<u32>(), 0..5),
            first in any::<u32>(),
            script in any::<bool>(),
        ) {
            let mut table = table();
            table.first_person = first;
            for gid in gids {
                let whom = if gid % 2 == 0 { Whom::Group(gid) } else { Whom::User(gid) };
                table.choices.push(Choice { whom, language: Language::Python, version: version("3") });
            }
            if !script {
                table.have[0].program.script = None;
            }
            prop_assert_eq!(Table::parse(&table.to_text()), Some(table));
        }

        #[test]
        fn no_text_makes_it_fail(text in "(?s).{0,200}", uid in any::<u32>()) {
            let text = format!("{HEAD}\n{text}");
            let table = Table::parse(&text).unwrap();
            for language in Language::ALL {
                let caller = Caller { uid, gids: &[uid], wish: Some(&text) };
                if let Some(given) = table.given(language, caller) {
                    prop_assert!(given.program.path.starts_with('/'));
                }
            }
        }
    }
}
