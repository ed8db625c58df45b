//! A plan in words, before it is approved: the same ones for screens and verbs.

use super::step::{Action, Step, Undo};

/// Longer files are not shown whole.
const FILE_LINES: usize = 20;

/// The word of what is done, exactly.
pub const DOES: &str = "does";
/// The word of a line of a file that is written.
pub const HOLDS: &str = "holds";

/// What is to be known of a step beside its own words, each line with a word of at most five
/// letters: what is done exactly, what is there before and after, and how it is taken back.
#[must_use]
pub fn step(step: &Step) -> Vec<(&'static str, String)> {
    let mut lines = vec![(DOES, step.action.to_string())];
    if let Action::WriteFile { content, .. } | Action::WriteSudoers { content, .. } = &step.action {
        let mut rest = content.lines();
        lines.extend(
            rest.by_ref()
                .take(FILE_LINES)
                .map(|line| (HOLDS, line.to_owned())),
        );
        match rest.count() {
            0 => {}
            more => lines.push((HOLDS, format!("{more} lines more"))),
        }
    }
    let changes = step.changes.iter();
    lines.extend(changes.map(|change| ("turns", change.to_string())));
    lines.push(("undo", back(&step.undo)));
    lines
}

/// How a step is taken back.
fn back(undo: &Undo) -> String {
    match undo {
        Undo::Exact { what, action } => format!("{what}: {action}"),
        Undo::Partly { what, action, why } => {
            format!("comes back only partly: {why}; {what}: {action}")
        }
        Undo::None { why } => format!("cannot be undone: {why}"),
        Undo::Final { why } => format!("cannot be undone, nor what was done before it: {why}"),
        Undo::Last { what, action } => format!("after everything before it, {what}: {action}"),
        Undo::Nothing => "it leaves nothing to take back".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fact::{Change, Subject};

    #[test]
    fn a_step_is_told_exactly_with_what_changes_and_the_way_back() {
        let lock = Step {
            what: "lock the password of ada".into(),
            action: Action::run(&["/usr/sbin/usermod", "--lock", "--", "ada"]),
            changes: vec![
                Change::turns(Subject::Password("ada".into()), "set", "locked"),
                Change::turns(Subject::Expiry("ada".into()), "never", "never"),
            ],
            undo: Undo::Exact {
                what: "unlock it".into(),
                action: Action::run(&["/usr/sbin/usermod", "--unlock", "--", "ada"]),
            },
        };
        let lines = [
            ("does", "/usr/sbin/usermod --lock -- ada"),
            ("turns", "password of ada: set -> locked"),
            ("turns", "expiry of ada: stays never"),
            ("undo", "unlock it: /usr/sbin/usermod --unlock -- ada"),
        ];
        assert_eq!(
            step(&lock),
            lines.map(|(word, text)| (word, text.to_owned()))
        );
    }

    #[test]
    fn a_file_is_shown_with_what_is_in_it_and_a_long_one_in_part() {
        let mut write = Step {
            what: "note it".into(),
            action: Action::WriteFile {
                path: "/etc/x".into(),
                content: "one\ntwo\n".into(),
                mode: 0o644,
            },
            changes: Vec::new(),
            undo: Undo::Final {
                why: "it is gone".into(),
            },
        };
        let words =
            |step_: &Step| -> Vec<String> { step(step_).into_iter().map(|l| l.1).collect() };
        assert_eq!(
            words(&write),
            [
                "write /etc/x, mode 0644",
                "one",
                "two",
                "cannot be undone, nor what was done before it: it is gone"
            ]
        );
        if let Action::WriteFile { content, .. } = &mut write.action {
            *content = "x\n".repeat(FILE_LINES + 2);
        }
        assert!(words(&write).contains(&"2 lines more".to_owned()));
    }
}
