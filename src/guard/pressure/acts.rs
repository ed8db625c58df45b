//! What is done about who causes pressure, and undone when its time is over.

use std::collections::HashMap;
use std::time::Duration;

use crate::base::id::Uid;
use crate::base::units::{Bytes, Nanos};
use crate::engine::changes::{Applied, ChangeError};
use crate::engine::holds;
use crate::host::accounts::Accounts;
use crate::host::holds as kernel;
use crate::host::kmsg::OomKill;
use crate::host::root::Root;
use crate::host::uses::Uses;
use crate::host::{cgroup, clock, directory, durable, jobs, terminals};
use crate::model::people::Source;
use crate::plan::hold::{self, Knob, Whom};
use crate::plan::step::Action;
use crate::policy::resolve::Who;
use crate::policy::schema::{Policy, Pressure, Reaction, Resource};
use crate::store::receipt::Outcome;

use super::super::scribe::Scribe;
use super::super::told::Note;
use super::culprit::{Culprit, culprit};
use super::terms::{Held, Terms};
use super::words;

/// Who is held back, and until when.
const TERMS: &str = "/var/lib/benchwarden/pressure.json";
/// How long a name is waited for.
const NAMES: Duration = Duration::from_millis(200);
/// Who is in which group is believed for so long.
const GROUPS: Nanos = Nanos(300 * Nanos::SECOND.0);

/// Acts.
pub(super) struct Acts {
    root: Root,
    scribe: Scribe,
    names: Accounts,
    terms: Terms,
    /// When something was last told about somebody; of nobody under `None`.
    told: HashMap<(Option<Uid>, Resource), Nanos>,
    /// Whose name and groups are known, and since when.
    groups: Option<(Nanos, HashMap<Uid, Vec<String>>)>,
}

impl Acts {
    /// Takes over from whoever was here before.
    pub(super) fn begin(root: &Root, scribe: &Scribe, names: Accounts) -> Self {
        let text = root.peek(TERMS);
        let terms: Terms = text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Self {
            root: root.clone(),
            scribe: scribe.clone(),
            names,
            terms: terms.take_over(&clock::boot(root), clock::now().as_second()),
            told: HashMap::new(),
            groups: None,
        }
    }

    pub(super) fn holds_anybody(&self) -> bool {
        !self.terms.held.is_empty()
    }

    /// Does what the policy says about whoever causes pressure.
    pub(super) fn react(
        &mut self,
        policy: &Policy,
        (reaction, resource): (Reaction, Resource),
        first: &Uses,
        second: &Uses,
    ) {
        let pressure = policy.guard().pressure;
        let people: Vec<Uid> = self.people(second);
        let Some(culprit) = culprit(first, second, resource, &|uid| people.contains(&uid)) else {
            if reaction == Reaction::Tell && self.is_news(None, resource, &pressure) {
                self.tell_admins(policy, words::nobody(resource));
            }
            return;
        };
        let whom = self.whom(culprit.uid);
        let protected = reaction != Reaction::Tell && self.is_protected(policy, &whom);
        if protected || reaction == Reaction::Tell {
            if self.is_news(Some(culprit.uid), resource, &pressure) {
                let end = if protected {
                    "; admins are never held back"
                } else {
                    ""
                };
                let why = self.why(&whom, resource, &culprit);
                self.tell_admins(policy, format!("{why}{end}"));
            }
            return;
        }
        if reaction != Reaction::Kill && self.terms.holds(culprit.uid, reaction) {
            return;
        }
        let why = self.why(&whom, resource, &culprit);
        match reaction {
            Reaction::Throttle => self.throttle(policy, &whom, resource, &culprit, &why),
            Reaction::Freeze => self.freeze(policy, &whom, resource, &culprit, &why),
            Reaction::Kill | Reaction::Tell => self.kill(policy, &whom, resource, &culprit, &why),
        }
    }

    /// Who causes what, in words.
    fn why(&self, whom: &Whom, resource: Resource, culprit: &Culprit) -> String {
        let job = hold::most(&jobs::of(&self.root, whom.uid), resource);
        let job = job.map(|job| job.to_string());
        words::named(resource, &whom.name, culprit, job.as_deref())
    }

    /// People, rather than root and services.
    fn people(&mut self, uses: &Uses) -> Vec<Uid> {
        let uids = uses.people.iter().map(|(uid, _)| *uid);
        let known = self.names.describe(uids, NAMES);
        let people = known.into_iter().filter(|(_, account)| account.person);
        people.map(|(uid, _)| uid).collect()
    }

    fn whom(&mut self, uid: Uid) -> Whom {
        self.names.describe(std::iter::once(uid), NAMES);
        let name = self.names.name(uid);
        let name = name.map_or_else(|| format!("uid {uid}"), |name| name.to_string());
        Whom { uid, name }
    }

    /// Whether nothing was told about this for a while.
    fn is_news(&mut self, uid: Option<Uid>, resource: Resource, pressure: &Pressure) -> bool {
        let now = clock::monotonic();
        let again = Nanos::from(pressure.tell_again.duration());
        self.told.retain(|_, at| now < *at + again);
        let news = !self.told.contains_key(&(uid, resource));
        self.told.entry((uid, resource)).or_insert(now);
        news
    }

    /// Whether somebody is an admin. Where that cannot be told they may be one.
    fn is_protected(&mut self, policy: &Policy, whom: &Whom) -> bool {
        let now = clock::monotonic();
        let old = |(at, _): &(Nanos, _)| now >= *at + GROUPS;
        if self.groups.as_ref().is_none_or(old) {
            // All at once: to look around for one takes as long.
            self.groups = Some((now, groups_of_everybody(&self.root)));
        }
        let known = self.groups.as_ref();
        let Some(groups) = known.and_then(|(_, groups)| groups.get(&whom.uid)) else {
            return true;
        };
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let who = Who {
            name: &whom.name,
            groups: &groups,
        };
        policy.admin_because(who).is_some()
    }

    /// For the journal, and for admins who are here.
    fn tell_admins(&mut self, policy: &Policy, line: String) {
        for uid in cgroup::people(&self.root) {
            let whom = self.whom(uid);
            if uid == Uid::ROOT || self.is_protected(policy, &whom) {
                terminals::tell(&self.root, uid, &line);
            }
        }
        self.scribe.note(Note::Said(line));
    }

    fn throttle(
        &mut self,
        policy: &Policy,
        whom: &Whom,
        resource: Resource,
        culprit: &Culprit,
        why: &str,
    ) {
        let penalty = policy.guard().pressure.penalty;
        let limits = penalty.limits.iter();
        let mut wished: Vec<(Knob, u64)> = limits
            .filter_map(|(key, value)| Knob::of_policy(*key, value))
            .collect();
        if resource == Resource::Memory {
            // What they have they keep: they get no more of it.
            wished.push((Knob::MemoryHigh, in_pages(culprit.held)));
        }
        let term = self
            .terms
            .next(whom.uid, &penalty, clock::now().as_second());
        let until = self.hold(whom, false, term);
        let done = holds::throttle(&self.root, whom, &wished, why);
        let Some(done) = self.kept(whom, false, done) else {
            return;
        };
        let knobs = held_back(&done);
        let what: Vec<String> = knobs.iter().map(|(knob, to, _)| knob.words(*to)).collect();
        if let Some(held) = self.terms.held.last_mut() {
            held.knobs = knobs;
        }
        self.write();
        let words = words::less(&what, &until);
        let words = words::to_them(resource, culprit, &words);
        self.announce(policy, whom, &words, why, &done);
    }

    fn freeze(
        &mut self,
        policy: &Policy,
        whom: &Whom,
        resource: Resource,
        culprit: &Culprit,
        why: &str,
    ) {
        let term = policy.guard().pressure.freeze_for.duration();
        let until = self.hold(whom, true, term);
        // Said first: afterwards nothing of theirs would show it.
        let words = words::to_them(resource, culprit, &words::still(&until));
        terminals::tell(&self.root, whom.uid, &words);
        let done = holds::freeze(&self.root, whom, why);
        if let Some(done) = self.kept(whom, true, done) {
            self.tell_admins(policy, told(why, &done));
        }
    }

    fn kill(
        &mut self,
        policy: &Policy,
        whom: &Whom,
        resource: Resource,
        culprit: &Culprit,
        why: &str,
    ) {
        match holds::kill(&self.root, whom, resource, why) {
            Ok(Some(done)) => {
                let what = done.plan.steps.iter().map(|step| step.what.clone());
                let what: Vec<String> = what.collect();
                let words = words::to_them(resource, culprit, &what.join("; "));
                self.announce(policy, whom, &words, why, &done);
            }
            Ok(None) => self.tell_admins(
                policy,
                format!("{why}; nothing but a login of {} could be ended", whom.name),
            ),
            Err(error) => self.tell_admins(policy, format!("{why}; {error}")),
        }
    }

    /// Writes down that somebody is held back, before they are; tells until when.
    fn hold(&mut self, whom: &Whom, freezes: bool, term: Duration) -> String {
        let now = clock::now();
        let until = now.saturating_add(term).unwrap_or(now);
        self.terms.held.push(Held {
            uid: whom.uid,
            name: whom.name.clone(),
            freezes,
            until: until.as_second(),
            knobs: Vec::new(),
        });
        self.write();
        clock::hour_and_minute(until)
    }

    /// What was done; where nothing was, nobody is held back.
    fn kept(
        &mut self,
        whom: &Whom,
        freezes: bool,
        done: Result<Applied, ChangeError>,
    ) -> Option<Applied> {
        let failure = match done {
            Ok(done) if done.report.outcome == Outcome::Done => return Some(done),
            Ok(done) => done.report.failure.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        let gone = |held: &Held| held.uid == whom.uid && held.freezes == freezes;
        self.terms.held.retain(|held| !gone(held));
        self.write();
        let line = format!("{} is not held back: {failure}", whom.name);
        self.scribe.note(Note::Said(line));
        None
    }

    fn announce(&mut self, policy: &Policy, whom: &Whom, to_them: &str, why: &str, done: &Applied) {
        terminals::tell(&self.root, whom.uid, to_them);
        self.tell_admins(policy, told(why, done));
    }

    /// Lets go whose time is over, and holds on to whom systemd has let go by itself.
    pub(super) fn look_after(&mut self) {
        let now = clock::now().as_second();
        let held = std::mem::take(&mut self.terms.held);
        let (over, on): (Vec<Held>, Vec<Held>) =
            held.into_iter().partition(|held| held.until <= now);
        self.terms.held = on;
        for held in &self.terms.held {
            self.hold_on(held);
        }
        let any = !over.is_empty();
        for held in over {
            self.let_go(held);
        }
        if any {
            self.write();
        }
    }

    /// A value that was set for now gives way to one that was set for ever when systemd reads its
    /// files again.
    fn hold_on(&self, held: &Held) {
        let slice = hold::slice(held.uid);
        for (knob, to, from) in &held.knobs {
            let lost = kernel::value(&self.root, &slice, *knob).is_some_and(|now| {
                knob.same(now, *from) && kernel::is_kept(&self.root, &slice, *knob)
            });
            if lost && let Err(error) = kernel::set(&self.root, &slice, *knob, *to) {
                self.scribe.note(Note::Said(error.to_string()));
            }
        }
    }

    fn let_go(&mut self, held: Held) {
        let intent = if held.freezes {
            hold::freeze_of(&held.name)
        } else {
            hold::throttle_of(&held.name)
        };
        match holds::lift(&self.root, &intent) {
            Ok(Some(done)) if done.report.outcome != Outcome::Done => {
                let why = done.report.failure.unwrap_or_default();
                self.not_let_go(held, &why);
            }
            // Where there is nothing to take back somebody has done it.
            Ok(_) | Err(ChangeError::Refused(_)) => {
                terminals::tell(&self.root, held.uid, &words::over(held.freezes));
            }
            Err(error) => self.not_let_go(held, &error.to_string()),
        }
    }

    fn not_let_go(&mut self, held: Held, why: &str) {
        let line = format!(
            "{} cannot be let go, which is tried again: {why}",
            held.name
        );
        self.scribe.note(Note::Said(line));
        self.terms.held.push(held);
    }

    /// Tells of a process that the kernel ended.
    pub(super) fn explain(&mut self, kill: &OomKill) {
        let known = self.names.describe(std::iter::once(kill.uid), NAMES);
        if !known.iter().any(|(_, account)| account.person) {
            return;
        }
        let whom = self.whom(kill.uid);
        let limit = cgroup::memory_limit(&self.root, &whom.slice());
        let at = clock::hour_and_minute(clock::now());
        let [line, theirs] = words::killed(kill, &whom.name, &at, limit);
        terminals::tell(&self.root, kill.uid, &theirs);
        self.scribe
            .note(Note::Killed(kill.uid, kill.name.clone(), line));
    }

    fn write(&self) {
        let text = serde_json::to_string(&self.terms).unwrap_or_default();
        if let Err(error) = durable::replace(&self.root, TERMS, text.as_bytes(), 0o600) {
            self.scribe.note(Note::Said(format!(
                "{error}; should the guard be ended now, nobody knows whom to let go"
            )));
        }
    }
}

/// Everybody's groups. Where a directory did not answer, only those are known whose account is in
/// this host's own files.
fn groups_of_everybody(root: &Root) -> HashMap<Uid, Vec<String>> {
    let people = directory::people(root);
    let all = people.partial.is_empty();
    let users = people.users.into_iter();
    let known = users.filter(|user| all || user.source == Source::Local);
    let groups = known.map(|user| {
        let groups = user.groups.iter().chain(&user.primary_group);
        (
            user.uid,
            groups.map(|group| group.raw().to_owned()).collect(),
        )
    });
    groups.collect()
}

/// Why and what, in one line.
fn told(why: &str, done: &Applied) -> String {
    let steps = done.plan.steps.iter().map(|step| step.what.as_str());
    let steps: Vec<&str> = steps.collect();
    format!(
        "{why}; {} (`benchwarden undo {}` takes it back)",
        steps.join(", "),
        done.id
    )
}

/// What a plan has turned down: to what, and from what.
fn held_back(done: &Applied) -> Vec<(Knob, u64, u64)> {
    let actions = done.plan.steps.iter().map(|step| &step.action);
    let knobs = actions.filter_map(|action| match action {
        Action::HoldBack { knob, from, to, .. } => Some((*knob, *to, *from)),
        _ => None,
    });
    knobs.collect()
}

/// The kernel counts in pages.
fn in_pages(bytes: Bytes) -> u64 {
    bytes.0 & !0xffff
}
