//! A host that only writes down what it is asked.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::bounds;

use crate::base::id::{Gid, Uid, UserName};
use crate::base::secret::Secret;
use crate::base::units::Bytes;
use crate::engine::apply::{Moment, Report, Watch};
use crate::engine::changes::{Applied, Approval, ChangeError, Intent};
use crate::engine::limits::Limits;
use crate::engine::policies::Policies;
use crate::engine::receipts::{Plans, PlansError};
use crate::engine::sudo::Sudo;
use crate::engine::{Engine, Follow, Pace, Sink};
use crate::host::keys::KeysError;
use crate::host::root::ReadError;
use crate::model::findings::Findings;
use crate::model::people::details::{
    GroupDetails, HeldKey, Jobs, NotFound, PersonDetails, Running,
};
use crate::model::people::password::{PasswordState, State as Access};
use crate::model::people::{Group, People, Person, Source, meaning};
use crate::model::runtimes::Runtimes;
use crate::plan::Plan;
use crate::plan::fact::{Change, Subject};
use crate::plan::limits::drift::Drift;
use crate::plan::people::add;
use crate::plan::people::add::AddUser;
use crate::plan::people::many::Planned;
use crate::plan::people::welcome::{self, Welcome};
use crate::plan::runtimes::ways::Ways;
use crate::plan::step::{Action, Step, Undo};
use crate::plan::world::World;
use crate::policy::findings::Absent;
use crate::store::audit::{Problem, Record};
use crate::store::receipt::Outcome;

const GIB: u64 = 1 << 30;

/// What was asked of the host, in order.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) plans: Vec<Intent>,
    pub(super) applied: Vec<(Intent, Approval, Option<String>)>,
    /// How often it was asked for plans.
    pub(super) read: usize,
}

/// A host that does nothing.
#[derive(Default)]
pub(super) struct Host {
    pub(super) asked: Mutex<Asked>,
    /// What every plan is refused for.
    pub(super) refuses: Option<&'static str>,
    /// How every plan ends.
    pub(super) fails: bool,
    /// What was done here before.
    pub(super) plans: Plans,
    /// Whether somebody asks who is not root.
    pub(super) no_root: bool,
    /// Whether others changed limits.
    pub(super) drifted: bool,
    /// What is wrong with the policy.
    pub(super) broken: Option<&'static str>,
}

fn person(name: &str, uid: u32, full_name: &str, groups: &[&str], state: Access) -> Person {
    Person {
        name: Some(name.into()),
        uid: Uid(uid),
        person: uid >= 1000,
        source: Source::Local,
        state: vec![state],
        full_name: Some(full_name.into()),
        email: Some(format!("{name}@example.org").into()),
        gecos: None,
        gid: Some(Gid(uid)),
        primary_group: Some(name.into()),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        home: Some(format!("/home/{name}").into()),
        shell: Some("/bin/bash".into()),
        password: Some(PasswordState::Set),
        password_changed: Some("2026-01-02".parse().unwrap()),
        expires: None,
        last_login: Some("2026-11-20T08:15:00Z".parse().unwrap()),
        home_bytes: Some(Bytes(41 * GIB)),
        linger: false,
        subuids: Vec::new(),
        subgids: Vec::new(),
    }
}

fn group(name: &str, gid: u32, members: &[&str]) -> Group {
    Group {
        name: name.into(),
        gid: Gid(gid),
        source: Source::Local,
        members: members.iter().map(|name| (*name).into()).collect(),
        primary_members: Vec::new(),
        strangers: Vec::new(),
        meaning: meaning::of(name),
        private: false,
    }
}

fn people() -> People {
    let mut carol = person(
        "carol",
        1003,
        "Carol Hansen",
        &["analysts"],
        Access::Suspended,
    );
    carol.last_login = None;
    let mut directory = person("EXAMPLE\\dora", 70_001, "Dora Óna", &[], Access::KeyOnly);
    directory.source = Source::Directory;
    let mut unknown = person("x", 4711, "x", &[], Access::Active);
    (unknown.name, unknown.full_name, unknown.source) = (None, None, Source::Unknown);
    unknown.state.clear();
    let groups = ["analysts", "modelling", "sudo"];
    People {
        users: vec![
            person("root", 0, "root", &[], Access::Active),
            person("alice", 1001, "Alice Example", &groups, Access::Active),
            person(
                "bob",
                1002,
                "Bob \u{1b}[31mRed",
                &["modelling"],
                Access::MustChangePassword,
            ),
            carol,
            unknown,
            directory,
        ],
        groups: vec![
            group("root", 0, &[]),
            group("sudo", 27, &["alice"]),
            group("analysts", 2001, &["alice", "carol"]),
            group("modelling", 2002, &["alice", "bob"]),
        ],
        partial: Vec::new(),
    }
}

fn step(what: &str, argv: &[&str], undo: Undo) -> Step {
    Step {
        what: what.to_owned(),
        action: Action::run(argv),
        changes: vec![Change::creates(Subject::Group("x".into()), "gid 7")],
        undo,
    }
}

/// Something like what the real planner says.
pub(super) fn some_plan(intent: &Intent) -> Plan {
    let words = match intent {
        Intent::AddUser(wish) => format!("add user {}", wish.name),
        Intent::Undo(id) => format!("undo {id}"),
        Intent::Finish(id) => format!("finish {id}"),
        other => format!("{other:?}").chars().take(30).collect(),
    };
    let mut plan = Plan::new(words, "ada");
    let exact = Undo::Exact {
        what: "remove it".into(),
        action: Action::run(&["/usr/sbin/userdel", "--", "ada"]),
    };
    plan.push(step(
        "make the account ada (uid 1004) with a group of its own",
        &[
            "/usr/sbin/useradd",
            "--no-create-home",
            "--user-group",
            "--",
            "ada",
        ],
        exact,
    ));
    plan.push(step(
        "delete /home/ada",
        &["/bin/true", "/home/ada"],
        Undo::None {
            why: "the home is gone".into(),
        },
    ));
    plan.warn("members of sudo may do everything on this host");
    plan
}

impl Engine for Host {
    fn people(&self) -> People {
        people()
    }

    fn shells(&self) -> Vec<String> {
        vec!["/bin/sh".into(), "/bin/bash".into(), "/usr/bin/zsh".into()]
    }

    fn person(&self, name: &UserName) -> Result<PersonDetails, NotFound> {
        let known = people();
        let user = known.user(name).ok_or_else(NotFound::default)?.clone();
        Ok(PersonDetails {
            user,
            sessions: Vec::new(),
            processes: Running {
                count: 4,
                cgroups: Vec::new(),
            },
            jobs: Jobs::default(),
            mail_bytes: None,
            keys: None,
            held_groups: Vec::new(),
            partial: vec!["/var/spool/at cannot be read".into()],
        })
    }

    fn sudo(&self) -> Sudo {
        Sudo::default()
    }

    fn keys(&self, _: &UserName) -> Result<Vec<HeldKey>, KeysError> {
        Ok(vec![HeldKey {
            kind: "ED25519".into(),
            bits: 256,
            fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrrgmnqrWTkSIUgCzLuvF5Pw".into(),
            comment: "alice@laptop".into(),
            options: None,
            warning: None,
        }])
    }

    fn plan(&self, intent: &Intent) -> Result<Plan, ChangeError> {
        self.asked.lock().unwrap().plans.push(intent.clone());
        let plan = some_plan(intent);
        Ok(match self.refuses {
            Some(why) => plan.refuse(why),
            None => plan,
        })
    }

    fn apply(
        &self,
        intent: &Intent,
        approval: &Approval,
        secret: Option<&Secret>,
        watch: &mut Watch<'_>,
    ) -> Result<Applied, ChangeError> {
        let secret = secret.map(|secret| secret.reveal().to_owned());
        let order = (intent.clone(), approval.clone(), secret);
        self.asked.lock().unwrap().applied.push(order);
        for moment in [Moment::Begins(0), Moment::Done(0), Moment::Begins(1)] {
            let _ = watch(moment);
        }
        let report = if self.fails {
            let _ = watch(Moment::Failed(1, "the disk is full"));
            let _ = watch(Moment::Stays(0, "userdel: ada is in use"));
            Report {
                outcome: Outcome::Remains,
                failure: Some("delete /home/ada: the disk is full".into()),
                remains: vec!["the account ada".into()],
                stopped: false,
            }
        } else {
            let _ = watch(Moment::Done(1));
            Report {
                outcome: Outcome::Done,
                failure: None,
                remains: Vec::new(),
                stopped: false,
            }
        };
        Ok(Applied {
            id: "20261121T031209-4711".into(),
            plan: some_plan(intent),
            report,
        })
    }

    fn plan_people(&self, _: &[AddUser]) -> Result<Vec<Planned>, ChangeError> {
        unreachable!("the screens never ask")
    }

    fn welcome(&self, wish: &AddUser, _: &Plan) -> Welcome {
        let alone = AddUser {
            groups: Vec::new(),
            ..wish.clone()
        };
        let plan = add::plan(&alone, &World::default());
        welcome::note(welcome::BUILT_IN, "welcome.txt", "workbench", wish, &plan)
    }

    fn findings(&self) -> Findings {
        unreachable!("the screens never ask")
    }

    fn uid_of(&self, _: &UserName) -> Option<Uid> {
        None
    }

    fn group(&self, _: &UserName) -> Result<GroupDetails, NotFound> {
        Err(NotFound::default())
    }

    fn policy(&self) -> Policies {
        unreachable!("the screens never ask")
    }

    fn absent(&self, _: &BTreeSet<String>, _: &BTreeSet<String>) -> Absent {
        unreachable!("the screens never ask")
    }

    fn limits(&self, _: Option<&UserName>) -> Result<Limits, ChangeError> {
        match self.broken {
            Some(why) => Err(ChangeError::Failed(why.to_owned())),
            None => Ok(bounds::limits(self.drifted)),
        }
    }

    fn drift(&self) -> Result<Vec<Drift>, ChangeError> {
        Ok(bounds::drift(self.drifted))
    }

    fn runtimes(&self) -> Runtimes {
        unreachable!("the screens never ask")
    }

    fn runtime_ways(&self, _: &UserName) -> Result<Ways, NotFound> {
        unreachable!("the screens never ask")
    }

    fn plans(&self) -> Result<Plans, PlansError> {
        self.asked.lock().unwrap().read += 1;
        if self.no_root {
            return Err(PlansError::NotRoot);
        }
        Ok(self.plans.clone())
    }

    fn audit_log(&self) -> Result<Vec<Record>, ReadError> {
        Ok(Vec::new())
    }

    fn audit_verify(&self) -> Result<(u64, Vec<Problem>), ReadError> {
        Ok((0, Vec::new()))
    }

    fn follow(&self, _: Pace, _: Sink) -> Box<dyn Follow> {
        unreachable!("the figures of these tests are fixed")
    }
}
