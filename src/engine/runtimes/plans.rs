//! The plans that choose R and Python. A choice goes into the console's policy file first, so that
//! the policy stays the one that says what is wished; the table and the links follow from it.

use std::collections::BTreeMap;

use crate::base::id::UserName;
use crate::engine::changes::ChangeError;
use crate::engine::limits::{about, good, policy_step, unknown, whose};
use crate::engine::policies::{self, Policies};
use crate::host::policy::CONSOLE;
use crate::host::root::Root;
use crate::host::runtimes::{self as host, present};
use crate::host::{accounts, clock, directory};
use crate::model::people::{Person, Source};
use crate::model::runtimes::{Language, Runtimes, broken};
use crate::plan::Plan;
use crate::plan::runtimes::compile::{self, Known};
use crate::plan::runtimes::steps::{self, FRONTS, Present, places};
use crate::plan::runtimes::{choices, ways};
use crate::policy::edit::{self, Change};
use crate::policy::schema::{Policy, RuntimeVersion, Scope};

/// What somebody wants of R and Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimesIntent {
    /// A version for somebody.
    Choose(Scope, Language, RuntimeVersion),
    /// None for them any more; where a version is given, only if it is that one.
    Unchoose(Scope, Language, Option<RuntimeVersion>),
    /// Everything as it was before anything was chosen here.
    Reset,
}

impl RuntimesIntent {
    /// What it is called: the first words of its plan.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Choose(scope, language, version) => {
                format!("{} {version} for {}", language.title(), whose(scope))
            }
            Self::Unchoose(scope, language, _) => {
                format!("no {} of their own for {}", language.title(), whose(scope))
            }
            Self::Reset => "take every choice of R and Python back".to_owned(),
        }
    }
}

/// The plan of an intent.
///
/// # Errors
/// When the policy is wrong, or what decides cannot be read.
pub(in crate::engine) fn plan(root: &Root, intent: &RuntimesIntent) -> Result<Plan, ChangeError> {
    let policies = policies::of(root);
    let policy = good(&policies)?;
    match intent {
        RuntimesIntent::Choose(scope, language, version) => {
            let mut plan = Plan::new(intent.words(), about(scope));
            if let Some(why) = unknown(root, scope) {
                return Ok(plan.refuse(why));
            }
            let all = look(root);
            if choices::meant(&all.runtimes, *language, version).is_none() {
                return Ok(plan.refuse(not_here(&all, *language, version)));
            }
            let change = Change::runtime(scope, *language, Some(version));
            let policy = edited(root, &policies, &mut plan, &[change])?;
            tell_what_wins(&mut plan, &policy, scope, *language);
            follow(root, &mut plan, Some(&policy), all);
            Ok(plan)
        }
        RuntimesIntent::Unchoose(scope, language, version) => {
            let mut plan = Plan::new(intent.words(), about(scope));
            let said = said(&policy, scope, *language);
            if said.is_none()
                || version
                    .as_ref()
                    .is_some_and(|version| said != Some(version))
            {
                let what = version
                    .as_ref()
                    .map_or_else(String::new, |version| format!(" {version}"));
                return Ok(plan.refuse(format!(
                    "{CONSOLE} says nothing of {}{what} for {}; what other files say is changed \
                     there",
                    language.title(),
                    whose(scope)
                )));
            }
            let change = Change::runtime(scope, *language, None);
            let policy = edited(root, &policies, &mut plan, &[change])?;
            follow(root, &mut plan, Some(&policy), look(root));
            Ok(plan)
        }
        RuntimesIntent::Reset => {
            let mut plan = Plan::new(intent.words(), "runtimes");
            let own = policy.files.iter().filter(|file| &*file.name == CONSOLE);
            let changes: Vec<Change> = own
                .flat_map(|file| &file.runtimes)
                .flat_map(|table| {
                    let choices = table.choices.iter();
                    choices.map(|(language, _)| Change::runtime(&table.scope, *language, None))
                })
                .collect();
            let policy = edited(root, &policies, &mut plan, &changes)?;
            steps::add(&mut plan, None, &present::present(root));
            for table in policy.files.iter().flat_map(|file| &file.runtimes) {
                plan.warn(format!(
                    "{} at {} still chooses, and counts again with the next `policy apply`, `runtime \
                     default` or `runtime pin`: take it out there",
                    choices::table_name(&table.scope),
                    table.at
                ));
            }
            Ok(plan)
        }
    }
}

/// Adds what a policy says of R and Python to a plan that makes a host as it says; nothing where it
/// says nothing and nothing of ours is there.
pub(in crate::engine) fn with_policy(root: &Root, plan: &mut Plan, policy: &Policy) {
    let says = policy.files.iter().any(|file| !file.runtimes.is_empty());
    let present = present::present(root);
    if says && present.program.is_none() {
        plan.warn(
            "what the policy says of R and Python is not in force: the links that decide need this \
             very benchwarden at /usr/bin/benchwarden, root's and for everybody to execute",
        );
    } else if says || present.is_something() {
        follow(root, plan, Some(policy), look(root));
    }
}

/// What is there of the host's own.
fn look(root: &Root) -> Runtimes {
    let mut all = host::find_hosts(root);
    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    broken::complete(&mut all, today);
    all
}

fn not_here(all: &Runtimes, language: Language, version: &RuntimeVersion) -> String {
    let here = compile::versions(&all.runtimes, language);
    let here: Vec<String> = here.iter().map(ToString::to_string).collect();
    let title = language.title();
    let told = match here.as_slice() {
        [] => format!("there is no {title} that root alone may write and everybody may execute"),
        here => format!("there are {}", here.join(", ")),
    };
    format!("no {title} {version} is here that could be chosen; {told}")
}

/// The policy with other choices of the console's, and the step that writes its file.
fn edited(
    root: &Root,
    policies: &Policies,
    plan: &mut Plan,
    changes: &[Change],
) -> Result<Policy, ChangeError> {
    let failed = ChangeError::Failed;
    let old = policies
        .sources
        .iter()
        .find(|source| &*source.name == CONSOLE);
    let old = old.map(|source| String::from_utf8_lossy(&source.bytes).into_owned());
    let (text, policy) = edit::edit(&policies.sources, CONSOLE, true, changes)
        .map_err(|error| failed(error.to_string()))?;
    if old.as_deref().unwrap_or_default() != text {
        plan.push(policy_step(root, CONSOLE, old, &text).map_err(failed)?);
    }
    Ok(policy)
}

/// What the console's file says for somebody.
fn said<'a>(policy: &'a Policy, scope: &Scope, of: Language) -> Option<&'a RuntimeVersion> {
    let own = policy.files.iter().filter(|file| &*file.name == CONSOLE);
    let tables = own.flat_map(|file| &file.runtimes);
    let tables = tables.filter(|table| table.scope == *scope);
    let mut choices = tables.flat_map(|table| &table.choices);
    let (_, said) = choices.find(|(language, _)| *language == of)?;
    Some(&said.value)
}

/// What is said in vain: a later file says otherwise for the same people.
fn tell_what_wins(plan: &mut Plan, policy: &Policy, scope: &Scope, of: Language) {
    let tables = policy.files.iter().flat_map(|file| &file.runtimes);
    let tables = tables.filter(|table| table.scope == *scope);
    let choices = tables.flat_map(|table| &table.choices);
    let last = choices.rev().find(|(language, _)| *language == of);
    if let Some((_, said)) = last.filter(|(_, said)| &*said.at.file != CONSOLE) {
        plan.refused.push(format!(
            "{} is said at {}, which is read after {CONSOLE}: change it there",
            of.title(),
            said.at
        ));
    }
}

/// The steps that follow from a policy.
fn follow(root: &Root, plan: &mut Plan, policy: Option<&Policy>, all: Runtimes) {
    let present = present::present(root);
    let people = directory::people(root);
    let mut all = all;
    let persons: Vec<&Person> = people
        .users
        .iter()
        .filter(|one| one.person && one.source != Source::Unknown)
        .collect();
    host::in_use(root, &mut all, &persons);
    let known = known(root, policy, all, &present);
    let (table, vain) = match policy {
        Some(policy) => compile::table(policy, &known),
        None => (None, Vec::new()),
    };
    plan.warnings.extend(vain);
    let steps = plan.steps.len();
    steps::add(plan, table.as_ref(), &present);
    if plan.steps.len() == steps {
        return;
    }
    let unreached = ways::not_reached(table.as_ref(), host::has_rstudio(root));
    plan.warnings.extend(unreached);
    for one in known.runtimes.iter().filter(|one| !one.in_use.is_empty()) {
        let version = one.version.as_ref();
        let version = version.map_or_else(String::new, |version| format!(" {version}"));
        let who = one.in_use.iter().map(|using| {
            let name = using.user.as_ref();
            let name = name.map_or_else(|| format!("uid {}", using.uid.0), ToString::to_string);
            format!("{name} ({})", using.processes)
        });
        let who: Vec<String> = who.collect();
        plan.warn(format!(
            "what runs goes on with {}{version}: {}",
            one.language.title(),
            who.join(", ")
        ));
    }
}

/// What a table is compiled from.
fn known(root: &Root, policy: Option<&Policy>, all: Runtimes, present: &Present) -> Known {
    let (mut users, mut groups) = (BTreeMap::new(), BTreeMap::new());
    let files = policy.into_iter().flat_map(|policy| &policy.files);
    for table in files.flat_map(|file| &file.runtimes) {
        match &table.scope {
            Scope::Default => {}
            Scope::User(name) => {
                if let Ok(found) = directory::person(root, name) {
                    users.insert(name.as_str().to_owned(), found.user.uid.0);
                }
            }
            Scope::Group(name) => {
                let found = UserName::parse(name.as_str())
                    .ok()
                    .and_then(|asked| directory::group(root, &asked).ok());
                if let Some(found) = found {
                    groups.insert(name.as_str().to_owned(), found.group.gid.0);
                }
            }
        }
    }
    let mut before = BTreeMap::new();
    for (name, language) in FRONTS.iter().filter(|(name, _)| *name != "Rscript") {
        let (place, beside) = places(name);
        let is_ours = present.entries.get(&place).is_some_and(Present::is_ours);
        let led = if is_ours { beside } else { place };
        if let Some(real) = present::real(root, &led) {
            before.insert(*language, real);
        }
    }
    Known {
        runtimes: all.runtimes,
        users,
        groups,
        first_person: accounts::people_range(root).first,
        before,
    }
}
