//! What somebody leaves outside their home when they are removed: kept, given to somebody else or
//! deleted as asked; and what else names them, told before it is too late.

use crate::base::text::counted;
use crate::model::people::belongings::{Belongings, Place};
use crate::plan::Plan;
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::{KnownAccount, World};

use super::guard;

/// Where is noted which files were given to whom.
pub const GIVEN: &str = "/var/lib/benchwarden/given";

/// What becomes of files outside the home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// They keep the bare uid.
    #[default]
    Keep,
    /// They become somebody else's.
    Give(String),
    /// They are deleted.
    Delete,
}

/// The step that does it; none where they are kept.
///
/// # Errors
/// Why it must not be done.
pub(super) fn step(
    wish: &Files,
    account: &KnownAccount,
    world: &World,
) -> Result<Option<Step>, String> {
    let KnownAccount { uid, home, .. } = account;
    match wish {
        Files::Keep => Ok(None),
        Files::Give(to) => give(account, heir(to, account, world)?, world).map(Some),
        Files::Delete => Ok(Some(Step {
            what: format!(
                "delete the files of uid {uid} outside {home}; directories that hold other \
                 people's stay"
            ),
            action: Action::DeleteFiles {
                uid: *uid,
                except: home.clone(),
            },
            // What there is changes until the last process has ended: the step looks itself.
            changes: Vec::new(),
            undo: Undo::None {
                why: "the files are in no archive and gone".to_owned(),
            },
        })),
    }
}

/// Who receives the files.
fn heir<'a>(
    name: &str,
    account: &KnownAccount,
    world: &'a World,
) -> Result<&'a KnownAccount, String> {
    let Some(heir) = world.account(name) else {
        return Err(format!(
            "{name} is nobody on this host, and can be given no files; `benchwarden user list` \
             names everyone"
        ));
    };
    if heir.uid == account.uid {
        return Err(format!(
            "{name} is the one who is removed; give the files to somebody else"
        ));
    }
    if !guard::is_person(world, heir) {
        return Err(format!(
            "{name} (uid {}) is an account of the system: what runs as it must not find files \
             that somebody else made",
            heir.uid
        ));
    }
    Ok(heir)
}

fn give(account: &KnownAccount, heir: &KnownAccount, world: &World) -> Result<Step, String> {
    let KnownAccount { uid, gid, home, .. } = account;
    if heir.gid == u32::MAX {
        return Err(format!("{} has no group that is known here", heir.name));
    }
    let record = format!("{GIVEN}/{uid}-{}.jsonl", world.today);
    Ok(Step {
        what: format!(
            "give the files of uid {uid} outside {home} to {} (uid {})",
            heir.name, heir.uid
        ),
        action: Action::GiveFiles {
            from: (*uid, *gid),
            to: (heir.uid, heir.gid),
            except: home.clone(),
            record: record.clone(),
        },
        changes: Vec::new(),
        undo: Undo::Partly {
            what: format!("give them back to uid {uid}"),
            action: Action::GiveBackFiles { record },
            why: "set-user-id bits do not come back, nor files that were replaced since".to_owned(),
        },
    })
}

/// Says what they own and run, and what of it would remain.
pub fn tell(plan: &mut Plan, account: &KnownAccount, wish: &Files, all: Belongings) {
    files(plan, account, wish, &all);
    let name = account.name.as_str();
    let named = |plan: &mut Plan, places: &[Place], follows: &str| {
        for place in places {
            plan.warn(format!("{} {follows}", place.told()));
        }
    };
    named(
        plan,
        &all.sudo,
        &format!("names {name} and stays: the next account of that name or uid has these rights"),
    );
    named(
        plan,
        &all.units,
        &format!(
            "runs as {name}: the unit fails from now on; disable it, or give it another User="
        ),
    );
    named(
        plan,
        &all.system_cron,
        &format!("runs as {name}: cron passes it over from now on"),
    );
    plan.belongings = Some(Box::new(all));
}

fn files(plan: &mut Plan, account: &KnownAccount, wish: &Files, all: &Belongings) {
    let outside = &all.outside;
    let uid = account.uid;
    if *wish == Files::Keep && (outside.files > 0 || !outside.whole) {
        let least = if outside.whole { "" } else { "at least " };
        plan.warn(format!(
            "{least}{} outside {} keep the bare uid {uid}, which nobody receives; give them to \
             somebody, or delete them",
            counted(outside.files, "file", "files"),
            account.home
        ));
    }
    if *wish != Files::Keep && outside.more_names > 0 {
        plan.warn(format!(
            "{} of theirs have further names, in the home or where nobody looked: a file is one, \
             whatever its names",
            counted(outside.more_names, "file", "files")
        ));
    }
    if outside.set_id > 0 && *wish != Files::Delete {
        let count = counted(outside.set_id, "file", "files");
        let text = match wish {
            Files::Give(to) => {
                format!("{count} with set-id bits: they lose them, so that nobody runs as {to}")
            }
            _ => format!("{count} with set-id bits: they run as uid {uid}, whoever starts them"),
        };
        plan.warn(text);
    }
    if outside.subordinate > 0 {
        plan.warn(format!(
            "{} of their containers stay, under ids that are not handed on",
            counted(outside.subordinate, "file", "files")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::remove::{self, Home};
    use super::*;
    use crate::model::people::belongings::Outside;
    use crate::plan::fact::Subject;

    fn account(name: &str, uid: u32) -> KnownAccount {
        KnownAccount {
            name: name.into(),
            uid,
            gid: uid,
            gecos: String::new(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".into(),
            local: true,
        }
    }

    fn world() -> World {
        World {
            accounts: vec![
                account("ada", 1001),
                account("bob", 1002),
                account("web", 33),
            ],
            today: "2026-11-21".into(),
            ..World::default()
        }
    }

    fn plan(files: &Files) -> Plan {
        remove::plan("ada", &Home::Keep, files, &world())
    }

    #[test]
    fn what_is_approved_is_the_same_a_minute_later() {
        let files = Files::Give("bob".into());
        let again = plan(&files);
        let mut first = plan(&files);
        tell(
            &mut first,
            &account("ada", 1001),
            &files,
            Belongings::default(),
        );
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_ne!(first.fingerprint(), plan(&Files::Keep).fingerprint());
    }

    #[test]
    fn files_go_last_and_only_to_people() {
        let given = plan(&Files::Give("bob".into()));
        let last = given.steps.last().unwrap();
        let Action::GiveFiles { from, to, .. } = &last.action else {
            panic!("{last:?}");
        };
        assert_eq!((*from, *to), ((1001, 1001), (1002, 1002)));
        assert!(matches!(last.undo, Undo::Partly { .. }));
        for (name, why) in [
            ("eve", "is nobody on this host"),
            ("ada", "is the one who is removed"),
            ("web", "is an account of the system"),
        ] {
            let refused = plan(&Files::Give(name.into())).refused;
            assert!(refused[0].contains(why), "{refused:?}");
        }
    }

    #[test]
    fn subordinate_ids_are_kept_before_userdel_frees_them() {
        let mut world = world();
        for path in ["/etc/subuid", "/etc/subgid"] {
            let subject = Subject::Subids(format!("ada@{path}"));
            world.facts.insert(subject, "100000+65536".into());
        }
        let home = Home::Archive("/srv/ada.tar.zst".into());
        for home in [home, Home::Delete, Home::Keep] {
            let plan = remove::plan("ada", &home, &Files::Keep, &world);
            let at = |wanted: &dyn Fn(&Action) -> bool| {
                let places = plan.steps.iter().enumerate();
                let found = places.filter(|(_, step)| wanted(&step.action));
                found.map(|(at, _)| at).collect::<Vec<_>>()
            };
            let kept = at(&|action| {
                matches!(action, Action::ReserveIds { owner, ranges, .. }
                    if owner == "~removed-1001" && ranges == "100000+65536")
            });
            let removed = at(
                &|action| matches!(action, Action::Run { argv, .. } if argv[0].ends_with("/userdel")),
            );
            assert_eq!((kept.len(), removed.len()), (2, 1), "{plan:?}");
            assert!(kept.iter().all(|kept| *kept < removed[0]), "{plan:?}");
            // While the account is there they are its own: what was kept is taken out again.
            let undo = crate::plan::undo::plan("P", &plan, &kept);
            let frees = |step: &Step| matches!(step.action, Action::FreeIds { .. });
            assert!(
                undo.steps.len() == 2 && undo.steps.iter().all(frees),
                "{undo:?}"
            );
            // With the account gone they stay kept.
            let undo = crate::plan::undo::plan("P", &plan, &[kept[0], kept[1], removed[0]]);
            assert!(!undo.steps.iter().any(frees), "{undo:?}");
        }
    }

    #[test]
    fn nobody_is_removed_who_shares_a_uid() {
        let mut world = world();
        world.accounts.push(account("ada-sftp", 1001));
        for files in [Files::Keep, Files::Give("bob".into()), Files::Delete] {
            let refused = remove::plan("ada", &Home::Keep, &files, &world).refused;
            assert!(refused[0].contains("1001 is ada-sftp's too"), "{refused:?}");
        }
        let others = remove::plan("bob", &Home::Keep, &Files::Delete, &world);
        assert!(others.refused.is_empty(), "{others:?}");
    }

    #[test]
    fn a_removal_that_is_done_can_still_give_its_files_back() {
        let done = plan(&Files::Give("bob".into()));
        let happened: Vec<usize> = (0..done.steps.len()).collect();
        let undo = crate::plan::undo::plan("P", &done, &happened);
        assert!(undo.refused.is_empty(), "{undo:?}");
        let [step] = undo.steps.as_slice() else {
            panic!("{undo:?}");
        };
        assert!(matches!(step.action, Action::GiveBackFiles { .. }));
    }

    #[test]
    fn what_would_remain_is_said() {
        let place = |file: &str| Place {
            file: file.into(),
            line: 3,
        };
        let all = Belongings {
            outside: Outside {
                files: 7,
                set_id: 1,
                ..Outside::default()
            },
            sudo: vec![place("/etc/sudoers.d/x")],
            units: vec![place("/etc/systemd/system/x.service")],
            ..Belongings::default()
        };
        let mut kept = plan(&Files::Keep);
        tell(&mut kept, &account("ada", 1001), &Files::Keep, all.clone());
        let said = kept.warnings.join("\n");
        for words in [
            "at least 7 files outside /home/ada keep the bare uid 1001",
            "1 file with set-id bits",
            "/etc/sudoers.d/x line 3 names ada and stays",
            "/etc/systemd/system/x.service line 3 runs as ada",
        ] {
            assert!(said.contains(words), "{said}");
        }
        let files = Files::Delete;
        let mut deleted = plan(&files);
        tell(&mut deleted, &account("ada", 1001), &files, all);
        assert!(!deleted.warnings.join("\n").contains("bare uid"));
    }
}
