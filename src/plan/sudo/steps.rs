//! The steps of grants: what has to be written and what has to go.

use crate::plan::Plan;
use crate::plan::fact::{Change, Expect, Subject};
use crate::plan::step::{Action, Step, Undo};

use super::file::{self, Unfit, Wish};

/// A file of ours as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The grant that it is of.
    pub name: String,
    /// What is in it.
    pub text: String,
    /// It as a fact.
    pub fact: String,
}

/// A call whose answer is read back: who, as whom, and the command with its arguments.
pub type Call = (String, String, String);

/// Adds the step that makes a grant what is wished, where it is not that.
///
/// # Errors
/// When it cannot be written.
pub fn write(
    plan: &mut Plan,
    wish: &Wish,
    there: Option<&Ours>,
    notafter: bool,
    calls: &[Call],
) -> Result<(), Unfit> {
    let text = wish.text(notafter)?;
    let after = file::fact(&text);
    if there.is_some_and(|there| there.fact == after) {
        return Ok(());
    }
    let path = file::path(&wish.name);
    let before = Expect::from_read(there.map(|there| there.fact.as_str()));
    let changes = vec![Change::new(
        Subject::File(path.clone()),
        before,
        Expect::Is(after),
    )];
    let back = match there {
        None => Action::RemoveFile { path: path.clone() },
        Some(there) => Action::WriteSudoers {
            path: path.clone(),
            content: there.text.clone(),
        },
    };
    plan.push(Step {
        what: format!("grant {} with {path}", wish.name),
        action: Action::WriteSudoers {
            path: path.clone(),
            content: text,
        },
        changes,
        undo: Undo::Exact {
            what: format!("bring {path} back as it was"),
            action: back,
        },
    });
    if !calls.is_empty() {
        plan.push(Step {
            what: "ask sudo whether it lets them".to_owned(),
            action: Action::AskSudo {
                calls: calls.to_vec(),
            },
            // What sudo answers changes with time: nothing of it is to be found again later.
            changes: Vec::new(),
            undo: Undo::Nothing,
        });
    }
    Ok(())
}

/// Adds the step that takes a grant away; `why` is said of it.
pub fn remove(plan: &mut Plan, there: &Ours, why: &str) {
    let path = file::path(&there.name);
    plan.push(Step {
        what: format!("remove {path}{why}"),
        action: Action::RemoveFile { path: path.clone() },
        changes: vec![Change::new(
            Subject::File(path.clone()),
            Expect::Is(there.fact.clone()),
            Expect::Absent,
        )],
        undo: Undo::Exact {
            what: format!("bring {path} back as it was"),
            action: Action::WriteSudoers {
                path,
                content: there.text.clone(),
            },
        },
    });
}
