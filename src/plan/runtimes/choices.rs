//! What the choices of the policy mean on a host: each is the beginning of a version, and means
//! the newest of the host's that begins with it.

use crate::model::runtimes::version::{Version, newest};
use crate::model::runtimes::{Chosen, Language, Runtime, Runtimes};
use crate::policy::schema::{Policy, RuntimeVersion, Scope};

/// The interpreter that a choice means: one of the host's that may be chosen.
#[must_use]
pub fn meant<'a>(
    all: &'a [Runtime],
    language: Language,
    choice: &RuntimeVersion,
) -> Option<&'a Runtime> {
    let choice = Version::parse(choice.as_str())?;
    let candidates = all
        .iter()
        .filter(|one| one.language == language && one.may_be_chosen())
        .filter_map(|one| Some((one.version.as_ref()?, one)));
    newest(&choice, candidates)
}

/// Notes with every interpreter which tables of the policy mean it, and tells of those that mean
/// none. Of tables of one name the last that says a language counts.
pub fn note(all: &mut Runtimes, policy: &Policy) {
    let tables = || policy.files.iter().flat_map(|file| &file.runtimes);
    for (at, table) in tables().enumerate() {
        for (language, version) in &table.choices {
            let says_too = |later: &&crate::policy::schema::RuntimeTable| {
                later.scope == table.scope && later.choices.iter().any(|(own, _)| own == language)
            };
            if tables().skip(at + 1).any(|later| says_too(&later)) {
                continue;
            }
            let name = table_name(&table.scope);
            let meant = meant(&all.runtimes, *language, &version.value);
            let path = meant.map(|one| (one.path.clone(), one.prefix.clone()));
            let Some(path) = path else {
                let told = format!(
                    "{name} at {} chooses {} {}, and no such version is here that root alone may \
                     write",
                    version.at,
                    language.title(),
                    version.value
                );
                all.broken.push(told.into());
                continue;
            };
            let mut runtimes = all.runtimes.iter_mut();
            if let Some(one) = runtimes.find(|one| (&one.path, &one.prefix) == (&path.0, &path.1)) {
                one.chosen_by.push(Chosen {
                    table: name,
                    version: version.value.to_string(),
                    at: version.at.to_string(),
                });
            }
        }
    }
}

/// A table of `[runtimes]` as it is written.
#[must_use]
pub fn table_name(scope: &Scope) -> String {
    use crate::policy::schema::quoted;
    match scope {
        Scope::Default => "[runtimes]".to_owned(),
        Scope::Group(name) => format!("[runtimes.group.{}]", quoted(name.as_str())),
        Scope::User(name) => format!("[runtimes.user.{}]", quoted(name.as_str())),
    }
}
