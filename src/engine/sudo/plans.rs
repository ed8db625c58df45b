//! The plans of grants. A grant goes into the console's policy file first, so that the policy
//! stays the one that says what is wished; then into one file of `/etc/sudoers.d`.

use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::base::id::{GroupName, UserName};
use crate::base::text::printable;
use crate::engine::changes::{self, Applied, Approval, ChangeError, Intent};
use crate::engine::holds;
use crate::engine::limits::{good, policy_step};
use crate::engine::policies;
use crate::host::policy::CONSOLE;
use crate::host::root::Root;
use crate::host::{clock, directory, sudo};
use crate::model::people::{People, Person};
use crate::model::sudo::rights::State;
use crate::model::sudo::view::{self, Known};
use crate::model::sudo::{Rule, matching};
use crate::plan::Plan;
use crate::plan::sudo::file::{self, Wish, is_pattern, program};
use crate::plan::sudo::steps::{self, Call, Ours};
use crate::policy::edit::{self, Wish as Entry};
use crate::policy::schema::Policy;

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

    fn about(&self) -> &str {
        match self {
            Self::Grant(wish, _) => &wish.name,
            Self::Revoke(name) => name,
            Self::Mend | Self::Expire => "sudo",
        }
    }
}

/// The plan of an intent.
///
/// # Errors
/// When the policy is wrong, or what decides cannot be read.
pub(in crate::engine) fn plan(root: &Root, intent: &SudoIntent) -> Result<Plan, ChangeError> {
    let mut plan = Plan::new(intent.words(), intent.about());
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    let there = sudo::ours(root);
    if known.tool.path.is_none() {
        return Ok(plan.refuse("there is no sudo here; install the package sudo"));
    }
    let ground = Ground {
        root,
        known: &known,
        people: &people,
        there: &there,
        now: clock::now(),
    };
    match intent {
        SudoIntent::Grant(wish, wildcards) => {
            plan.refused.extend(ground.objections(wish, *wildcards));
            if plan.refused.is_empty() {
                ground.grant(&mut plan, wish)?;
            }
        }
        SudoIntent::Revoke(name) => ground.revoke(&mut plan, name)?,
        SudoIntent::Mend => {
            let policy = good(&policies::of(root))?;
            ground.over(&mut plan)?;
            ground.as_wished(&mut plan, &policy);
        }
        SudoIntent::Expire => ground.over(&mut plan)?,
    }
    ground.nobody_is_locked_out(&mut plan);
    Ok(plan)
}

/// Adds what makes our files as a policy says.
pub(in crate::engine) fn add(root: &Root, policy: &Policy, plan: &mut Plan) {
    let wished = !policy.grants().is_empty();
    let there = sudo::ours(root);
    // Most hosts have none, and need not be looked at for it.
    if !wished && there.is_empty() {
        return;
    }
    let mut people = directory::people(root);
    let known = sudo::read(root, &mut people);
    if known.tool.path.is_none() {
        plan.warn("the policy grants sudo, and there is no sudo here");
        return;
    }
    let ground = Ground {
        root,
        known: &known,
        people: &people,
        there: &there,
        now: clock::now(),
    };
    ground.as_wished(plan, policy);
    ground.nobody_is_locked_out(plan);
}

/// What of our files is not as the policy says, each with its path and what it is.
pub(super) fn drift(root: &Root, known: &Known) -> Vec<(String, String)> {
    let Ok(policy) = policies::of(root).policy else {
        return Vec::new();
    };
    let (there, now) = (sudo::ours(root), clock::now());
    let notafter = known.tool.notafter != Some(false);
    let wishes: Vec<Wish> = policy.grants().iter().map(Wish::of).collect();
    let mut all = Vec::new();
    for ours in &there {
        let path = file::path(&ours.name);
        match wishes.iter().find(|wish| wish.name == ours.name) {
            None => all.push((path, "it is of a grant that no policy has".to_owned())),
            Some(wish) if wish.is_over(now) => {
                all.push((path, "it is of a grant that is over".to_owned()));
            }
            // On a tree of files nobody knows which sudo there is.
            Some(wish) if root.is_live() => {
                let text = wish.text(notafter);
                if text.is_ok_and(|text| file::fact(&text) != ours.fact) {
                    all.push((path, "it is not as the policy says".to_owned()));
                }
            }
            Some(_) => {}
        }
    }
    for wish in wishes.iter().filter(|wish| !wish.is_over(now)) {
        if !there.iter().any(|ours| ours.name == wish.name) {
            let what = format!("the grant {} of the policy is not in place", wish.name);
            all.push((file::path(&wish.name), what));
        }
    }
    all
}

/// Takes back what is over, as the guard; `None` where nothing is.
///
/// # Errors
/// When it was not done.
pub fn expire(root: &Root) -> Result<Option<Applied>, ChangeError> {
    let now = clock::now();
    let is_over = |ours: &Ours| file::until_of(&ours.text).is_some_and(|until| until <= now);
    if !sudo::ours(root).iter().any(is_over) {
        return Ok(None);
    }
    let intent = Intent::Sudo(SudoIntent::Expire);
    let go_on = &mut |_: crate::engine::apply::Moment<'_>| ControlFlow::Continue(());
    changes::apply_by(root, &holds::guard(), &intent, &Approval::Any, None, go_on).map(Some)
}

struct Ground<'a> {
    root: &'a Root,
    known: &'a Known,
    people: &'a People,
    there: &'a [Ours],
    now: Timestamp,
}

impl Ground<'_> {
    fn notafter(&self) -> bool {
        self.known.tool.notafter != Some(false)
    }

    fn there(&self, name: &str) -> Option<&Ours> {
        self.there.iter().find(|ours| ours.name == name)
    }

    /// Why a grant cannot be, all of it.
    fn objections(&self, wish: &Wish, wildcards: bool) -> Vec<String> {
        let mut all = Vec::new();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if wish.name.is_empty() || wish.name.len() > 64 || !wish.name.chars().all(plain) {
            all.push(format!(
                "{} cannot be the name of a grant; 1 to 64 letters, digits, '-' and '_' can",
                printable(wish.name.as_bytes(), 80)
            ));
        }
        if wish.is_over(self.now) {
            all.push("its end is in the past".to_owned());
        }
        if !self.known.reads_dir {
            all.push(format!(
                "sudo does not read {} here: /etc/sudoers needs the line `@includedir {}`",
                file::DIR,
                file::DIR
            ));
        }
        let targets = wish.run_as.iter();
        for name in wish.users.iter().chain(targets) {
            let known = UserName::parse(name).map(|name| directory::person(self.root, &name));
            if !matches!(known, Ok(Ok(_))) {
                all.push(format!(
                    "{} is nobody on this host, and in no directory",
                    printable(name.as_bytes(), 80)
                ));
            }
        }
        for name in &wish.groups {
            let known = GroupName::parse(name).is_ok() && self.group(name);
            if !known {
                let name = printable(name.as_bytes(), 80);
                all.push(format!("there is no group {name} here"));
            }
        }
        for command in &wish.commands {
            let shown = printable(command.as_bytes(), 200);
            let edits = command.strip_prefix("sudoedit ");
            let path = edits.unwrap_or(command);
            if command != "ALL" && !path.starts_with('/') {
                all.push(format!(
                    "{shown} is no absolute path; write the whole path of the program, or ALL for \
                     root itself"
                ));
            } else if is_pattern(command) && !wildcards {
                all.push(format!(
                    "{shown} holds a pattern, which covers any text, blanks and further arguments \
                     included; --wildcards says that this is meant"
                ));
            } else if let Some(program) = program(command).filter(|path| !path.ends_with('/'))
                && !self.root.is_executable(&program)
            {
                let program = printable(program.as_bytes(), 200);
                all.push(format!("there is no program {program} here"));
            }
        }
        if all.is_empty()
            && let Err(why) = wish.text(self.notafter())
        {
            all.push(why.to_string());
        }
        all
    }

    fn group(&self, name: &str) -> bool {
        let listed = self
            .people
            .groups
            .iter()
            .any(|group| group.name.raw() == name);
        let asked = || UserName::parse(name).map(|name| directory::group(self.root, &name));
        listed || matches!(asked(), Ok(Ok(_)))
    }

    fn grant(&self, plan: &mut Plan, wish: &Wish) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        if let Some(place) = elsewhere(&policy, &wish.name) {
            plan.refused.push(format!(
                "[sudo.grant.{}] is said at {place}: change it there",
                wish.name
            ));
            return Ok(());
        }
        self.edited(plan, entries(wish))?;
        self.write(plan, wish);
        self.over_files(plan, Some(&wish.name));
        self.tell(plan, wish);
        Ok(())
    }

    /// What whoever approves it should know.
    fn tell(&self, plan: &mut Plan, wish: &Wish) {
        let who = wish.users.first().cloned().unwrap_or_default();
        if let Ok(text) = wish.text(self.notafter()) {
            let tree = file::read(&text);
            let caller = crate::model::sudo::ground::Caller {
                name: who,
                uid: u32::MAX,
                groups: wish
                    .groups
                    .iter()
                    .map(|name| (name.clone(), u32::MAX))
                    .collect(),
            };
            let rights = crate::model::sudo::rights::of(&tree, &caller, &self.known.ground);
            for right in rights {
                if let Some(danger) = right.danger {
                    let whole = if danger.whole {
                        "amounts to root"
                    } else {
                        "is open"
                    };
                    plan.warn(format!("`{}` {whole}: {}", right.command, danger.why));
                }
            }
        }
        if wish.until.is_some() && !self.notafter() {
            plan.warn(
                "this sudo does not end a rule by itself: the guard, or the next `sudo check \
                 --mend`, takes it away",
            );
        }
        if wish.nopasswd {
            plan.warn("no password is asked for: whoever has their session has this right");
        }
        for problem in &self.known.broken {
            plan.warn(format!(
                "was broken before: {}: {}",
                problem.place,
                printable(problem.what.as_bytes(), 200)
            ));
        }
    }

    fn revoke(&self, plan: &mut Plan, name: &str) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        if let Some(place) = elsewhere(&policy, name) {
            plan.refused.push(format!(
                "[sudo.grant.{name}] is said at {place}: take it out there"
            ));
            return Ok(());
        }
        let said = policy.grants().iter().any(|grant| grant.name == name);
        if !said && self.there(name).is_none() {
            let name = printable(name.as_bytes(), 80);
            plan.refused
                .push(format!("there is no grant {name} of benchwarden's here"));
            return Ok(());
        }
        if let Some(grant) = policy.grants().iter().find(|grant| grant.name == name) {
            self.tell_who_still_may(plan, &Wish::of(grant));
        }
        let gone = if said { cleared(name) } else { Vec::new() };
        self.edited(plan, gone)?;
        if let Some(ours) = self.there(name) {
            steps::remove(plan, ours, "");
        }
        self.over_files(plan, Some(name));
        Ok(())
    }

    /// Whom other rules let run the same.
    fn tell_who_still_may(&self, plan: &mut Plan, wish: &Wish) {
        let own = file::path(&wish.name);
        let is_other = |rule: &&Rule| {
            let place = rule.place.as_ref();
            place.is_none_or(|place| *place.file != *own)
        };
        let rules: Vec<Rule> = self
            .known
            .tree
            .rules
            .iter()
            .filter(is_other)
            .cloned()
            .collect();
        let ground = &self.known.ground;
        let caller = |name: &str| {
            let called = |one: &&Person| one.name.as_ref().is_some_and(|own| own.raw() == name);
            let person = self.people.users.iter().find(called)?;
            view::caller(person, &ground.gids)
        };
        for (who, target, command) in self.calls(wish) {
            let (Some(by), Some(runs_as)) = (caller(&who), caller(&target)) else {
                continue;
            };
            let asked = matching::Target {
                user: Some(&runs_as),
                group: None,
            };
            let call = command.split_once(' ').unwrap_or((&command, ""));
            let verdict = matching::asked(&rules, &by, asked, call, ground);
            if let Some(verdict) = verdict.filter(|verdict| verdict.allowed) {
                let place = verdict.rule.place.as_ref();
                let place = place.map_or_else(String::new, |place| format!(", by {place}"));
                plan.warn(format!(
                    "{who} may still run `{command}` as {target}{place}"
                ));
            }
        }
    }

    /// Takes out what is over, of the policy and of the files.
    fn over(&self, plan: &mut Plan) -> Result<(), ChangeError> {
        // A policy that is wrong keeps nobody's right for longer.
        if policies::of(self.root).policy.is_ok() {
            self.edited(plan, Vec::new())?;
        }
        self.over_files(plan, None);
        Ok(())
    }

    fn over_files(&self, plan: &mut Plan, except: Option<&str>) {
        for ours in self.there {
            let over = file::until_of(&ours.text).is_some_and(|until| until <= self.now);
            if over && except != Some(ours.name.as_str()) && !is_planned(plan, ours) {
                steps::remove(plan, ours, ", which is over");
            }
        }
    }

    /// The step of the console's policy file: these changes, and what is over taken out.
    fn edited(&self, plan: &mut Plan, changes: Vec<edit::Change>) -> Result<(), ChangeError> {
        let policies = policies::of(self.root);
        let policy = good(&policies)?;
        let named: Vec<&String> = changes
            .iter()
            .filter_map(|change| change.table.get(2))
            .collect();
        let own = policy.files.iter().filter(|file| &*file.name == CONSOLE);
        let over = own.flat_map(|file| &file.grants).filter(|grant| {
            let until = grant.until.as_ref();
            until.is_some_and(|until| until.value <= self.now) && !named.contains(&&grant.name)
        });
        let mut all: Vec<edit::Change> = over.flat_map(|grant| cleared(&grant.name)).collect();
        all.extend(changes);
        if all.is_empty() {
            return Ok(());
        }
        let failed = |error: String| ChangeError::Failed(error);
        let old = policies
            .sources
            .iter()
            .find(|source| &*source.name == CONSOLE);
        let old = old.map(|source| String::from_utf8_lossy(&source.bytes).into_owned());
        let (text, _) = edit::edit(&policies.sources, CONSOLE, true, &all)
            .map_err(|error| failed(error.to_string()))?;
        if old.as_deref() != Some(text.as_str()) {
            plan.push(policy_step(self.root, CONSOLE, old, &text).map_err(failed)?);
        }
        Ok(())
    }

    fn write(&self, plan: &mut Plan, wish: &Wish) {
        let notafter = self.notafter();
        let there = self.there(&wish.name);
        if let Err(why) = steps::write(plan, wish, there, notafter, &self.calls(wish)) {
            plan.refused.push(why.to_string());
            return;
        }
        let text = wish.text(notafter).unwrap_or_default();
        if self.root.is_live()
            && let Err(why) = sudo::check(self.root, &file::path(&wish.name), &text)
        {
            plan.refused.push(why.to_string());
        }
    }

    /// What sudo is asked afterwards: each exact command, for each person, and one of each group.
    fn calls(&self, wish: &Wish) -> Vec<Call> {
        let target = wish.run_as.as_deref().unwrap_or("root");
        let members = wish.groups.iter().filter_map(|name| {
            let group = self
                .people
                .groups
                .iter()
                .find(|group| group.name.raw() == name)?;
            group.everyone().next().map(|name| name.raw().to_owned())
        });
        let whom: Vec<String> = wish.users.iter().cloned().chain(members).collect();
        let is_exact = |text: &&String| program(text).is_some() && !is_pattern(text);
        let exact: Vec<&String> = wish.commands.iter().filter(is_exact).collect();
        let each = |who: &String| {
            let calls = exact
                .iter()
                .map(|text| (who.clone(), target.to_owned(), (*text).clone()));
            calls.collect::<Vec<Call>>()
        };
        whom.iter().flat_map(each).collect()
    }

    /// Our files as the policy says.
    fn as_wished(&self, plan: &mut Plan, policy: &Policy) {
        let wishes: Vec<Wish> = policy.grants().iter().map(Wish::of).collect();
        for ours in self.there {
            let wish = wishes.iter().find(|wish| wish.name == ours.name);
            if wish.is_none_or(|wish| wish.is_over(self.now)) && !is_planned(plan, ours) {
                let why = if wish.is_some() {
                    ", which is over"
                } else {
                    ", which no policy has"
                };
                steps::remove(plan, ours, why);
            }
        }
        for wish in wishes.iter().filter(|wish| !wish.is_over(self.now)) {
            // Wildcards that stand in a policy file are meant.
            let objections = self.objections(wish, true);
            if objections.is_empty() {
                self.write(plan, wish);
            } else {
                for why in objections {
                    plan.warn(format!("stays: the grant {}: {why}", wish.name));
                }
            }
        }
    }

    /// Refuses a plan after which nobody who could become root by sudo can.
    fn nobody_is_locked_out(&self, plan: &mut Plan) {
        use crate::plan::step::Action;
        let gone: Vec<&str> = plan
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::RemoveFile { path } | Action::WriteSudoers { path, .. } => {
                    Some(path.as_str())
                }
                _ => None,
            })
            .collect();
        if gone.is_empty() {
            return;
        }
        let admins = |known: &Known| {
            let all = view::everybody(known, self.people);
            all.iter().any(|one| {
                let whole = |right: &crate::model::sudo::rights::Right| {
                    right.command == "ALL"
                        && right.as_root
                        && right.allowed
                        && right.state == State::Active
                };
                one.person && one.uid != 0 && one.rights.iter().any(whole)
            })
        };
        let mut after = self.known.clone();
        after.tree.rules.retain(|rule| {
            let file = rule.place.as_ref().map(|place| &*place.file);
            file.is_none_or(|file| !gone.contains(&file))
        });
        for step in &plan.steps {
            if let Action::WriteSudoers { path, content } = &step.action {
                after.tree.rules.extend(file::read_at(content, path).rules);
            }
        }
        if admins(self.known) && !admins(&after) {
            plan.refused.push(
                "after that nobody but root itself could become root: give another admin the \
                 right first"
                    .to_owned(),
            );
        }
    }
}

fn is_planned(plan: &Plan, ours: &Ours) -> bool {
    use crate::plan::step::Action;
    let own = file::path(&ours.name);
    plan.steps.iter().any(|step| match &step.action {
        Action::RemoveFile { path } | Action::WriteSudoers { path, .. } => *path == own,
        _ => false,
    })
}

/// Where a grant is said, if not by the console.
fn elsewhere(policy: &Policy, name: &str) -> Option<String> {
    let others = policy.files.iter().filter(|file| &*file.name != CONSOLE);
    let mut grants = others.flat_map(|file| &file.grants);
    let grant = grants.find(|grant| grant.name == name)?;
    Some(grant.at.to_string())
}

const KEYS: [&str; 7] = [
    "users", "groups", "commands", "as", "nopasswd", "until", "reason",
];

fn change(name: &str, key: &str, to: Option<Entry>) -> edit::Change {
    edit::Change {
        table: ["sudo", "grant", name].map(String::from).to_vec(),
        key: key.to_owned(),
        to,
    }
}

fn cleared(name: &str) -> Vec<edit::Change> {
    KEYS.iter().map(|key| change(name, key, None)).collect()
}

/// A grant as entries of its table; what it does not have is taken out.
fn entries(wish: &Wish) -> Vec<edit::Change> {
    let list = |all: &[String]| (!all.is_empty()).then(|| Entry::List(all.to_vec()));
    let values = [
        list(&wish.users),
        list(&wish.groups),
        list(&wish.commands),
        wish.run_as.clone().map(Entry::Text),
        wish.nopasswd.then_some(Entry::Flag(true)),
        wish.until.map(Entry::Moment),
        wish.reason.clone().map(Entry::Text),
    ];
    let all = KEYS.iter().zip(values);
    all.map(|(key, to)| change(&wish.name, key, to)).collect()
}
