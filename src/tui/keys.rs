//! The key table: what every key does, in one place. The footer and the help are made of it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Sort,
    SortBack,
    Filter,
    All,
    Pause,
    Slower,
    Faster,
    Help,
    Redraw,
    Quit,
    /// The screen of what people use.
    Usage,
    Accounts,
    Groups,
    /// Plans that were made here.
    Plans,
    /// What everybody may use.
    Limits,
    /// Ask again who there is.
    Again,
    New,
    Modify,
    /// Suspend, or resume who is suspended.
    Suspend,
    SshKeys,
    Remove,
    Join,
    Leave,
    /// In a dialogue: to the next field.
    Next,
    Previous,
    /// Do the plan that is shown.
    Approve,
    /// Show the exact commands, or only the words.
    Exactly,
    /// Take back what was done.
    Undo,
    /// Do to its end what was interrupted.
    Finish,
    /// Make the host as the policy says, and set aside what others did.
    Mend,
    /// Make the host as the policy says.
    Apply,
    /// Write the note for a newcomer into a file.
    Write,
    /// Stop everything of a person where it is, or let it go on.
    Freeze,
    /// End a process with all below it, a session, or everything of a person.
    Kill,
    /// Other limits for a person, for a while.
    Throttle,
    /// Words on the terminals of a person.
    Tell,
}

/// One line of the table.
pub(super) struct Binding {
    pub(super) action: Action,
    /// As written in the footer and the help.
    pub(super) keys: &'static str,
    pub(super) does: &'static str,
    codes: &'static [KeyCode],
}

/// Every binding, in the order of the help.
pub(super) const BINDINGS: [Binding; 44] = [
    binding(
        Action::Open,
        "Enter",
        "open the selected line",
        &[KeyCode::Enter, KeyCode::Right],
    ),
    binding(
        Action::Back,
        "Esc",
        "back",
        &[KeyCode::Esc, KeyCode::Backspace, KeyCode::Left],
    ),
    binding(
        Action::Up,
        "Up k",
        "one line up",
        &[KeyCode::Up, KeyCode::Char('k')],
    ),
    binding(
        Action::Down,
        "Down j",
        "one line down",
        &[KeyCode::Down, KeyCode::Char('j')],
    ),
    binding(Action::PageUp, "PgUp", "one page up", &[KeyCode::PageUp]),
    binding(
        Action::PageDown,
        "PgDn",
        "one page down",
        &[KeyCode::PageDown],
    ),
    binding(
        Action::First,
        "Home g",
        "first line",
        &[KeyCode::Home, KeyCode::Char('g')],
    ),
    binding(
        Action::Last,
        "End G",
        "last line",
        &[KeyCode::End, KeyCode::Char('G')],
    ),
    binding(
        Action::Sort,
        "s",
        "sort by the next column",
        &[KeyCode::Char('s')],
    ),
    binding(
        Action::SortBack,
        "S",
        "sort by the column before",
        &[KeyCode::Char('S')],
    ),
    binding(
        Action::Filter,
        "/",
        "only lines with this text",
        &[KeyCode::Char('/')],
    ),
    binding(
        Action::All,
        "a",
        "root and services too",
        &[KeyCode::Char('a')],
    ),
    binding(
        Action::Pause,
        "Space",
        "pause, and go on",
        &[KeyCode::Char(' ')],
    ),
    binding(
        Action::Slower,
        "+",
        "measure less often",
        &[KeyCode::Char('+')],
    ),
    binding(
        Action::Faster,
        "-",
        "measure more often",
        &[KeyCode::Char('-')],
    ),
    binding(
        Action::Help,
        "?",
        "keys",
        &[KeyCode::Char('?'), KeyCode::F(1)],
    ),
    binding(Action::Redraw, "Ctrl-L", "draw the screen again", &[]),
    binding(Action::Quit, "q", "quit", &[KeyCode::Char('q')]),
    binding(
        Action::Freeze,
        "z",
        "freeze a person, and thaw",
        &[KeyCode::Char('z')],
    ),
    binding(
        Action::Kill,
        "X F9",
        "kill: job, session or all",
        &[KeyCode::Char('X'), KeyCode::F(9)],
    ),
    binding(
        Action::Throttle,
        "t",
        "other limits for a while",
        &[KeyCode::Char('t')],
    ),
    binding(
        Action::Tell,
        "W",
        "write to their terminals",
        &[KeyCode::Char('W')],
    ),
    binding(
        Action::Usage,
        "1 F2",
        "who uses what",
        &[KeyCode::Char('1'), KeyCode::F(2)],
    ),
    binding(
        Action::Accounts,
        "u 2 F3",
        "accounts of people",
        &[KeyCode::Char('u'), KeyCode::Char('2'), KeyCode::F(3)],
    ),
    binding(
        Action::Groups,
        "o 3 F4",
        "groups",
        &[KeyCode::Char('o'), KeyCode::Char('3'), KeyCode::F(4)],
    ),
    binding(
        Action::Plans,
        "p 4 F6",
        "plans, interrupted or done",
        &[KeyCode::Char('p'), KeyCode::Char('4'), KeyCode::F(6)],
    ),
    binding(
        Action::Limits,
        "l 5 F7",
        "limits, wished and in force",
        &[KeyCode::Char('l'), KeyCode::Char('5'), KeyCode::F(7)],
    ),
    binding(
        Action::Again,
        "r",
        "ask again what there is",
        &[KeyCode::Char('r'), KeyCode::F(5)],
    ),
    binding(
        Action::New,
        "n",
        "new person or group",
        &[KeyCode::Char('n'), KeyCode::Insert],
    ),
    binding(
        Action::Modify,
        "m",
        "modify an account, a limit",
        &[KeyCode::Char('m')],
    ),
    binding(
        Action::Suspend,
        "x",
        "suspend, and resume",
        &[KeyCode::Char('x')],
    ),
    binding(
        Action::SshKeys,
        "K",
        "ssh keys of a person",
        &[KeyCode::Char('K')],
    ),
    binding(
        Action::Remove,
        "d",
        "remove one, clear limits",
        &[KeyCode::Char('d'), KeyCode::Delete],
    ),
    binding(Action::Join, "J", "join a group", &[KeyCode::Char('J')]),
    binding(Action::Leave, "L", "leave a group", &[KeyCode::Char('L')]),
    binding(Action::Next, "Tab", "next field", &[KeyCode::Tab]),
    binding(
        Action::Previous,
        "S-Tab",
        "field before",
        &[KeyCode::BackTab],
    ),
    binding(
        Action::Approve,
        "y",
        "do the plan that is shown",
        &[KeyCode::Char('y')],
    ),
    binding(
        Action::Exactly,
        "e",
        "each step of a plan exactly",
        &[KeyCode::Char('e')],
    ),
    binding(
        Action::Undo,
        "U",
        "take back what was done",
        &[KeyCode::Char('U')],
    ),
    binding(
        Action::Finish,
        "f",
        "finish what was interrupted",
        &[KeyCode::Char('f')],
    ),
    binding(
        Action::Mend,
        "M",
        "mend what others changed",
        &[KeyCode::Char('M')],
    ),
    binding(
        Action::Apply,
        "A",
        "apply the policy",
        &[KeyCode::Char('A')],
    ),
    binding(
        Action::Write,
        "w",
        "write a newcomer's note",
        &[KeyCode::Char('w')],
    ),
];

const fn binding(
    action: Action,
    keys: &'static str,
    does: &'static str,
    codes: &'static [KeyCode],
) -> Binding {
    Binding {
        action,
        keys,
        does,
        codes,
    }
}

/// What a key asks for, if anything.
pub(super) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Action::Quit),
            KeyCode::Char('l') => Some(Action::Redraw),
            _ => None,
        };
    }
    BINDINGS
        .iter()
        .find(|binding| binding.codes.contains(&key.code))
        .map(|binding| binding.action)
}

/// The footer's word for an action: its first key and what it does here.
pub(super) fn hint(action: Action, does: &str) -> String {
    let keys = BINDINGS
        .iter()
        .find(|binding| binding.action == action)
        .map_or("", |binding| binding.keys);
    let first = keys.split(' ').next().unwrap_or(keys);
    format!("{first} {does}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut codes: Vec<KeyCode> = BINDINGS.iter().flat_map(|b| b.codes.to_vec()).collect();
        let all = codes.len();
        codes.dedup();
        let mut unique: Vec<KeyCode> = Vec::new();
        for code in codes {
            assert!(!unique.contains(&code), "{code:?} is bound twice");
            unique.push(code);
        }
        assert_eq!(unique.len(), all);
    }

    #[test]
    fn control_c_quits_and_other_control_keys_do_nothing() {
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(action(control('c')), Some(Action::Quit));
        assert_eq!(action(control('l')), Some(Action::Redraw));
        assert_eq!(action(control('q')), None);
    }
}
