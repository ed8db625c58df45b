//! Watches the policy files: whoever edits them learns at once what is wrong with them, and what
//! has to be done so that the host follows. What they say to the guard itself counts from then on;
//! while they are wrong, what they said before counts.
//!
//! It has a thread of its own, since a disk that does not answer must not keep anybody from being
//! adopted. Limits are not touched here: what was applied before stays in force. Grants of sudo
//! that are over are taken back, whatever the files say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::engine::policies::{News, Seen};
use crate::engine::sudo;
use crate::host::clock;
use crate::host::root::Root;
use crate::model::adoption::Rules;
use crate::policy::parse::Problem;
use crate::policy::schema::{Guard, Policy, Treatment};

use super::scribe::Scribe;
use super::told::Note;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// Grants are looked at every so many times.
const GRANTS: u64 = 6;

/// The last one of something, for whoever takes it.
#[derive(Debug)]
pub(super) struct Letter<T>(Arc<Mutex<Option<T>>>);

impl<T> Letter<T> {
    fn pair() -> (Self, Self) {
        let shared = Arc::new(Mutex::new(None));
        (Self(Arc::clone(&shared)), Self(shared))
    }

    fn put(&self, value: T) {
        if let Ok(mut letter) = self.0.lock() {
            *letter = Some(value);
        }
    }

    /// Never waits.
    pub(super) fn take(&self) -> Option<T> {
        self.0.try_lock().ok()?.take()
    }
}

/// What the policy says to those who act on it.
#[derive(Debug)]
pub(super) struct Orders {
    /// Who is adopted.
    pub(super) rules: Letter<Rules>,
    /// All of it, for whoever watches over pressure.
    pub(super) policy: Letter<Policy>,
}

/// Begins to watch.
pub(super) fn begin(root: &Root, scribe: Scribe) -> Orders {
    let (rules, rules_out) = Letter::pair();
    let (policy, policy_out) = Letter::pair();
    let root = root.clone();
    let tell = move |policy: Policy| {
        rules.put(rules_of(&policy.guard()));
        policy_out.put(policy);
    };
    // Without the thread nothing is told, and everything is done all the same.
    let _ = std::thread::Builder::new()
        .name("policy".into())
        .stack_size(2 << 20)
        .spawn(move || watch(&root, &scribe, &tell));
    Orders {
        rules: rules_out,
        policy,
    }
}

fn watch(root: &Root, scribe: &Scribe, tell: &dyn Fn(Policy)) {
    let (mut seen, first) = Seen::now(root);
    match first {
        // How it is when the guard begins is no news.
        News::Changed(policy) => tell(*policy),
        News::Broken(problems) => scribe.note(broken(&problems)),
    }
    for looks in 0_u64.. {
        clock::pause(LOOK);
        if looks.is_multiple_of(GRANTS) {
            take_back(root, scribe);
        }
        match seen.look(root) {
            Some(News::Changed(policy)) => {
                tell(*policy);
                scribe.note(Note::PolicyChanged);
            }
            Some(News::Broken(problems)) => scribe.note(broken(&problems)),
            None => {}
        }
    }
}

/// Takes away what sudo granted for a while and is over: where sudo ends it by itself too, so that
/// its list is true.
fn take_back(root: &Root, scribe: &Scribe) {
    let said = match sudo::expire(root) {
        Ok(None) => return,
        Ok(Some(applied)) => match applied.report.failure {
            None => {
                let steps = applied.plan.steps.iter().map(|step| step.what.clone());
                format!(
                    "took back sudo grants: {}",
                    steps.collect::<Vec<_>>().join("; ")
                )
            }
            Some(why) => format!("a sudo grant that is over stays: {why}"),
        },
        Err(error) => format!("a sudo grant that is over stays: {error}"),
    };
    scribe.note(Note::Said(said));
}

fn broken(problems: &[Problem]) -> Note {
    let first = problems.first().map(ToString::to_string);
    Note::PolicyBroken(first.unwrap_or_default(), problems.len())
}

/// Who is adopted, by the policy: what it names, and what is built in.
fn rules_of(guard: &Guard) -> Rules {
    let mut rules = Rules {
        from_services: guard.others == Treatment::Adopt,
        ..Rules::default()
    };
    let logins = rules.logins.clone();
    // A login has its time to get a session of its own.
    let is_login = |name: &&&str| logins.iter().any(|login| login == **name);
    for (treatment, built_in) in [
        (Treatment::Never, &mut rules.never),
        (Treatment::Leave, &mut rules.leave),
    ] {
        let names = Guard::built_in(treatment).iter();
        let names = names.filter(|name| !is_login(name));
        built_in.extend(names.map(|name| (*name).to_owned()));
    }
    for (treatment, named) in [
        (Treatment::Never, &mut rules.named.never),
        (Treatment::Leave, &mut rules.named.leave),
        (Treatment::Adopt, &mut rules.named.adopt),
    ] {
        let list = guard.lists.iter().filter(|(own, _)| *own == treatment);
        named.extend(list.map(|(_, pattern)| pattern.value.as_str().to_owned()));
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse::{self, Source};

    fn policy(text: &str) -> Policy {
        let bytes = text.as_bytes().to_vec();
        let name = "policy.toml".into();
        parse::policy(&[Source { name, bytes }]).unwrap()
    }

    #[test]
    fn what_the_policy_names_counts_beside_what_is_built_in() {
        let never = |rules: &Rules, unit: &str| rules.never.iter().any(|name| name == unit);
        let built_in = rules_of(&Policy::default().guard());
        assert!(never(&built_in, "smbd.service") && built_in.from_services);
        assert!(!never(&built_in, "ssh.service"), "a login has its time");
        let text = "[guard]\nadopt = [\"smbd.service\"]\nothers = \"leave\"\n";
        let named = rules_of(&policy(text).guard());
        assert_eq!(named.named.adopt, ["smbd.service"]);
        assert!(!named.from_services);
    }

    #[test]
    fn only_the_last_letter_counts_and_it_is_taken_once() {
        let (one, other) = Letter::pair();
        assert_eq!(other.take(), None::<u32>);
        one.put(1);
        one.put(2);
        assert_eq!((other.take(), other.take()), (Some(2), None));
    }
}
