//! R and Python of a host: what is there, what is chosen, and what everybody gets.

use crate::base::hostile::Hostile;
use crate::base::id::UserName;
use crate::host::root::Root;
use crate::host::runtimes::{self as host, present};
use crate::host::{clock, directory};
use crate::model::people::details::NotFound;
use crate::model::people::{Person, Source};
use crate::model::runtimes::{Runtimes, broken};
use crate::plan::runtimes::choices;
use crate::plan::runtimes::ways::{self, Ways};

use super::policies;

mod plans;

pub use plans::RuntimesIntent;
pub(super) use plans::{plan, with_policy};

/// Everything that is there.
pub(super) fn all(root: &Root) -> Runtimes {
    let people = directory::people(root);
    let known = people.users.iter();
    let known: Vec<&Person> = known
        .filter(|one| one.person && one.source != Source::Unknown)
        .collect();
    look(root, &known)
}

/// What somebody gets by each way in.
///
/// # Errors
/// When nothing knows them.
pub(super) fn ways(root: &Root, name: &UserName) -> Result<Ways, NotFound> {
    let found = directory::person(root, name)?;
    let user = Hostile::from(found.user.shown());
    let homes: &[&Person] = match found.user.person {
        true => &[&found.user],
        false => &[],
    };
    let all = look(root, homes);
    let table = present::in_force(root);
    let names = found.user.groups.iter().chain(&found.user.primary_group);
    let groups = names.filter_map(|name| {
        let asked = UserName::parse(name.raw()).ok()?;
        let known = directory::group(root, &asked).ok()?;
        Some((known.group.gid.0, name.to_string()))
    });
    let groups: Vec<(u32, String)> = groups.collect();
    let person = ways::Person {
        user: &user,
        uid: found.user.uid.0,
        groups: &groups,
        table: table.as_ref(),
    };
    Ok(ways::of(&all, &person, host::has_rstudio(root)))
}

fn look(root: &Root, people: &[&Person]) -> Runtimes {
    let mut all = host::find(root, people);
    host::in_use(root, &mut all, people);
    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    broken::complete(&mut all, today);
    match policies::of(root).policy {
        Ok(policy) => choices::note(&mut all, &policy),
        Err(problems) => all.partial.extend(
            problems
                .first()
                .map(|first| Hostile::from(format!("choices of the policy: {first}"))),
        ),
    }
    all
}
