//! The caller: privileges, and the terminal in front of them.

use std::io::IsTerminal as _;

use rustix::termios::tcgetwinsize;
use serde_json::json;

use crate::base::text::printable;
use crate::host::root::Root;
use crate::model::findings::{Finding, Status};

/// Capability numbers of `linux/capability.h`.
const CAP_KILL: u32 = 5;
const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;

pub(super) fn privileges(root: &Root) -> Finding {
    let uid = rustix::process::geteuid().as_raw();
    let capabilities = effective_capabilities(root).unwrap_or(0);
    let has = |cap: u32| capabilities & (1 << cap) != 0;
    let all = [CAP_KILL, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN];
    let hidden = hides_processes(root);
    let (status, found, todo) = if !root.is_live() {
        (
            Status::Partial,
            "a fixture tree: look, don't touch".to_owned(),
            None,
        )
    } else if uid == 0 && all.into_iter().all(has) {
        (Status::Ok, "root".to_owned(), None)
    } else if uid == 0 {
        (
            Status::Partial,
            "root without all capabilities (a container?)".to_owned(),
            Some("run it on the host itself".to_owned()),
        )
    } else {
        let seen = if hidden {
            "; other people's processes are hidden (hidepid)"
        } else {
            ""
        };
        (
            Status::Partial,
            format!("uid {uid}: look, don't touch{seen}"),
            Some("sudo benchwarden".to_owned()),
        )
    };
    Finding {
        topic: "privileges",
        status,
        found,
        why: "only root sees everything and may change anything",
        todo,
        facts: json!({
            "euid": uid,
            "login_uid": login_uid(root),
            "kill": has(CAP_KILL), "net_admin": has(CAP_NET_ADMIN),
            "sys_ptrace": has(CAP_SYS_PTRACE), "sys_admin": has(CAP_SYS_ADMIN),
            "hidepid": hidden,
        }),
    }
}

/// Whether the caller may listen to process events.
pub(super) fn may_administer_network(root: &Root) -> bool {
    effective_capabilities(root).is_some_and(|caps| caps & (1 << CAP_NET_ADMIN) != 0)
}

fn effective_capabilities(root: &Root) -> Option<u64> {
    let status = root.peek("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Who logged in, whoever they have become since; unset for services.
fn login_uid(root: &Root) -> Option<u32> {
    let uid = root.peek("/proc/self/loginuid")?.trim().parse().ok()?;
    (uid != u32::MAX).then_some(uid)
}

/// Whether `/proc` is mounted with `hidepid=`, so that only root sees other people's processes.
fn hides_processes(root: &Root) -> bool {
    let mounts = root.peek("/proc/self/mounts").unwrap_or_default();
    mounts.lines().any(|line| {
        let mut fields = line.split(' ');
        fields.nth(1) == Some("/proc")
            && fields.nth(1).is_some_and(|options| {
                options
                    .split(',')
                    .filter_map(|option| option.strip_prefix("hidepid="))
                    .any(|level| !matches!(level, "0" | "off"))
            })
    })
}

/// What the terminal in front of the caller can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `TERM`, cleaned; `None` when unset.
    pub name: Option<String>,
    /// How many colours may be used.
    pub colors: Colors,
    /// Whether the locale is UTF-8.
    pub utf8: bool,
    /// Columns and rows; `None` when no standard stream is a terminal.
    pub size: Option<(u16, u16)>,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colors {
    /// None, or `NO_COLOR` is set.
    None,
    /// The eight of ECMA-48 and their bright twins.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

impl Terminal {
    /// The terminal this process talks to.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::from_environment(|name| std::env::var(name).ok(), size())
    }

    fn from_environment(var: impl Fn(&str) -> Option<String>, size: Option<(u16, u16)>) -> Self {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let name = var("TERM");
        // The first that is set counts, as setlocale(3) reads them.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| var(name));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.ends_with("utf-8") || locale.ends_with("utf8") || locale.contains("utf-8@")
        });
        let kind = name.as_deref().unwrap_or("dumb");
        let true_color = var("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit");
        let colors = if var("NO_COLOR").is_some()
            || kind == "dumb"
            || kind == "linux-m"
            || kind.starts_with("vt1")
            || kind.starts_with("vt2")
        {
            Colors::None
        } else if true_color || kind.ends_with("-direct") {
            Colors::True
        } else if kind.contains("256color") {
            Colors::Indexed
        } else {
            Colors::Sixteen
        };
        Self {
            name: name.map(|name| printable(name.as_bytes(), 40)),
            colors,
            utf8,
            size,
        }
    }
}

/// The size of the first standard stream that is a terminal.
fn size() -> Option<(u16, u16)> {
    let (out, input, err) = (std::io::stdout(), std::io::stdin(), std::io::stderr());
    let winsize = if out.is_terminal() {
        tcgetwinsize(out)
    } else if input.is_terminal() {
        tcgetwinsize(input)
    } else if err.is_terminal() {
        tcgetwinsize(err)
    } else {
        return None;
    };
    winsize.ok().map(|size| (size.ws_col, size.ws_row))
}

pub(super) fn terminal(terminal: &Terminal) -> Finding {
    let mut short = Vec::new();
    if terminal.colors == Colors::None {
        short.push("no colour");
    }
    if !terminal.utf8 {
        short.push("no UTF-8 (set LANG=C.UTF-8)");
    }
    if terminal
        .size
        .is_some_and(|(columns, rows)| columns < 80 || rows < 24)
    {
        short.push("smaller than 80x24");
    }
    let colors = match terminal.colors {
        Colors::None => "no colours",
        Colors::Sixteen => "16 colours",
        Colors::Indexed => "256 colours",
        Colors::True => "true colour",
    };
    let encoding = if terminal.utf8 { "UTF-8" } else { "ASCII" };
    let name = terminal.name.as_deref().unwrap_or("TERM unset");
    let (status, found) = match terminal.size {
        None => (Status::Missing, "not on a terminal".to_owned()),
        Some((columns, rows)) => (
            if short.is_empty() {
                Status::Ok
            } else {
                Status::Partial
            },
            format!("{name}, {columns}x{rows}, {colors}, {encoding}"),
        ),
    };
    Finding {
        topic: "terminal",
        status,
        found,
        why: "the console adapts to it: everything works at 80x24 in ASCII without colour",
        todo: (!short.is_empty() && terminal.size.is_some()).then(|| short.join("; ")),
        facts: json!({
            "term": terminal.name,
            "colors": match terminal.colors {
                Colors::None => 0, Colors::Sixteen => 16, Colors::Indexed => 256, Colors::True => 16_777_216,
            },
            "utf8": terminal.utf8,
            "columns": terminal.size.map(|s| s.0),
            "rows": terminal.size.map(|s| s.1),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal_with(vars: &[(&str, &str)]) -> Terminal {
        let get = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Terminal::from_environment(get, Some((80, 24)))
    }

    #[test]
    fn colours_follow_term_colorterm_and_no_color() {
        for (vars, colors) in [
            (&[("TERM", "xterm")][..], Colors::Sixteen),
            (&[("TERM", "xterm-256color")], Colors::Indexed),
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
                Colors::True,
            ),
            (
                &[("TERM", "xterm-256color"), ("NO_COLOR", "1")],
                Colors::None,
            ),
            (
                &[("TERM", "xterm-256color"), ("NO_COLOR", "")],
                Colors::Indexed,
            ),
            (&[("TERM", "vt100")], Colors::None),
            (&[("TERM", "dumb")], Colors::None),
            (&[], Colors::None),
        ] {
            assert_eq!(terminal_with(vars).colors, colors, "{vars:?}");
        }
    }

    #[test]
    fn the_first_locale_variable_that_is_set_counts() {
        assert!(terminal_with(&[("LANG", "C.UTF-8")]).utf8);
        assert!(terminal_with(&[("LC_ALL", ""), ("LANG", "de_DE.utf8")]).utf8);
        assert!(!terminal_with(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]).utf8);
        assert!(!terminal_with(&[]).utf8);
    }
}
