//! What whoever approves a plan about a grant should know.

use crate::base::text::printable;
use crate::model::people::Person;
use crate::model::sudo::ground::Caller;
use crate::model::sudo::{Rule, matching, rights, view};
use crate::plan::Plan;
use crate::plan::sudo::file::{self, Wish};

use super::plans::Ground;

impl Ground<'_> {
    /// What whoever approves it should know.
    pub(super) fn tell(&self, plan: &mut Plan, wish: &Wish) {
        let who = wish.users.first().cloned().unwrap_or_default();
        if let Ok(text) = wish.text(self.notafter()) {
            let tree = file::read(&text);
            let caller = Caller {
                name: who,
                uid: u32::MAX,
                groups: wish
                    .groups
                    .iter()
                    .map(|name| (name.clone(), u32::MAX))
                    .collect(),
            };
            let all = rights::of(&tree, &caller, &self.known.ground);
            for right in all {
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

    /// Whom other rules let run the same.
    pub(super) fn tell_who_still_may(&self, plan: &mut Plan, wish: &Wish) {
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
}
