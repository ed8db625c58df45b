//! Why a plan about grants is refused.

use crate::base::id::{GroupName, UserName};
use crate::base::text::printable;
use crate::host::directory;
use crate::model::sudo::rights::State;
use crate::model::sudo::view::{self, Known};
use crate::plan::Plan;
use crate::plan::step::Action;
use crate::plan::sudo::file::{self, Wish, is_pattern, program};

use super::plans::Ground;

impl Ground<'_> {
    /// Why a grant cannot be, all of it.
    pub(super) fn objections(&self, wish: &Wish, wildcards: bool) -> Vec<String> {
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

    /// Refuses a plan after which nobody who could become root by sudo can.
    pub(super) fn nobody_is_locked_out(&self, plan: &mut Plan) {
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
