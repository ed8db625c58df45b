//! Which processes began since the last pass, without reading the whole of `/proc`.
//!
//! The kernel hands out pids in order and tells the last one it gave (`/proc/loadavg`), so what
//! is new lies between the last one then and the last one now. Where that is more than a
//! directory listing costs, or a round may have been completed, `/proc` is listed.

use crate::base::id::Pid;

use super::root::{Root, numeric};

/// Trying a pid costs a tenth of listing one, and most of those tried are threads or gone.
const TRY_AT_MOST: u32 = 8192;
/// Whatever is missed (pids chosen by hand, as checkpoint tools do) is found this often.
const LIST_EVERY: u32 = 64;
/// The kernel starts again here when it has come to the end.
const FIRST_AGAIN: u32 = 300;

/// Remembers where the kernel was.
#[derive(Debug, Default)]
pub(super) struct Births {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    pid: u32,
    forks: u64,
}

/// Where to look for new processes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing was begun.
    Nowhere,
    /// At these pids.
    At(Vec<Pid>),
    /// Everywhere.
    Everywhere,
}

impl Births {
    /// Where to look now. `forks` is the `processes` line of `/proc/stat`, `last_pid` the last
    /// field of `/proc/loadavg`.
    pub(super) fn look(
        &mut self,
        root: &Root,
        pass: u32,
        forks: Option<u64>,
        last_pid: Option<u32>,
    ) -> Look {
        let (Some(forks), Some(pid)) = (forks, last_pid) else {
            return Look::Everywhere;
        };
        let before = self.last.replace(Last { pid, forks });
        let Some(before) = before.filter(|_| root.is_live() && !pass.is_multiple_of(LIST_EVERY))
        else {
            return Look::Everywhere;
        };
        let most = root
            .peek("/proc/sys/kernel/pid_max")
            .and_then(|text| text.trim().parse().ok());
        between(before, Last { pid, forks }, most.unwrap_or(32_768))
    }
}

/// Pids given out from one moment to another.
fn between(before: Last, now: Last, pid_max: u32) -> Look {
    let forks = now.forks.saturating_sub(before.forks);
    // Forks of other pid namespaces count too; but so many may be a whole round of this one.
    if forks >= u64::from(pid_max / 2) {
        return Look::Everywhere;
    }
    if now.pid == before.pid {
        return Look::Nowhere;
    }
    let upward = before.pid.saturating_add(1)..=now.pid;
    let pids: Vec<Pid> = if now.pid > before.pid {
        if now.pid - before.pid > TRY_AT_MOST {
            return Look::Everywhere;
        }
        upward.map(Pid).collect()
    } else {
        let around = pid_max.saturating_sub(before.pid).saturating_add(now.pid);
        if around > TRY_AT_MOST {
            return Look::Everywhere;
        }
        let top = before.pid.saturating_add(1)..pid_max;
        top.chain(FIRST_AGAIN.min(now.pid)..=now.pid)
            .map(Pid)
            .collect()
    };
    Look::At(pids)
}

/// Every process directory, ordered.
pub(super) fn everywhere(root: &Root) -> Vec<Pid> {
    let names = root.list("/proc");
    let mut pids: Vec<Pid> = names
        .iter()
        .filter_map(|name| numeric(name))
        .map(Pid)
        .collect();
    pids.sort_unstable();
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(pid: u32, forks: u64) -> Last {
        Last { pid, forks }
    }

    #[test]
    fn nothing_begun_is_nowhere_to_look() {
        assert_eq!(between(last(500, 9), last(500, 9), 32_768), Look::Nowhere);
        // What began meanwhile has its pids in another namespace.
        assert_eq!(between(last(500, 9), last(500, 90), 32_768), Look::Nowhere);
    }

    #[test]
    fn what_is_new_lies_between_the_last_pids() {
        let look = between(last(500, 9), last(503, 12), 32_768);
        assert_eq!(look, Look::At(vec![Pid(501), Pid(502), Pid(503)]));
    }

    #[test]
    fn a_round_completed_starts_again_at_300() {
        let look = between(last(32_766, 9), last(301, 12), 32_768);
        assert_eq!(look, Look::At(vec![Pid(32_767), Pid(300), Pid(301)]));
    }

    #[test]
    fn too_many_to_try_are_listed() {
        assert_eq!(
            between(last(500, 9), last(30_000, 29_509), 32_768),
            Look::Everywhere
        );
        assert_eq!(
            between(last(500, 0), last(501, 40_000), 32_768),
            Look::Everywhere
        );
        assert_eq!(
            between(last(501, 0), last(500, 40_000), 4_194_304),
            Look::Everywhere
        );
    }
}
