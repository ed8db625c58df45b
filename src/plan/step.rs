//! One step of a plan: what is done, in words and exactly, and how it is taken back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fact::Change;
use super::hold::Knob;
use super::limits::quota::Quota;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does, in plain words.
    pub what: String,
    /// What is done, exactly.
    pub action: Action,
    /// What is there before, and what after.
    pub changes: Vec<Change>,
    /// How it is taken back.
    pub undo: Undo,
}

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Undo {
    /// Everything is as it was.
    Exact {
        /// In plain words.
        what: String,
        /// What is done.
        action: Action,
    },
    /// Something of it comes back.
    Partly {
        /// In plain words.
        what: String,
        /// What is done.
        action: Action,
        /// What does not come back.
        why: String,
    },
    /// It cannot be taken back.
    None {
        /// Why.
        why: String,
    },
    /// It cannot be taken back, and what was done before it stays with it: an archive outlives the
    /// home it was made of.
    Final {
        /// Why.
        why: String,
    },
    /// Nothing of it has to be taken back, but this has to be done when everything before it is:
    /// systemd reads files again that were put back.
    Last {
        /// In plain words.
        what: String,
        /// What is done.
        action: Action,
    },
    /// There is nothing to take back.
    Nothing,
}

/// Something the host can do. Every path is absolute; nothing is ever read by a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Runs a program.
    Run {
        /// Its path and arguments.
        argv: Vec<String>,
        /// Whether it reads the plan's secret from standard input; the secret is in no plan.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        secret: bool,
    },
    /// Puts a file of root's in place, whole or not at all.
    WriteFile {
        /// Where.
        path: String,
        /// What is in it.
        content: String,
        /// Its permissions.
        mode: u32,
    },
    /// Puts a file of a grant of sudo's in place, checked by visudo alone and with the whole tree.
    WriteSudoers {
        /// Where.
        path: String,
        /// What is in it.
        content: String,
    },
    /// Asks sudo whether it lets people run commands; that it does not is a failure.
    AskSudo {
        /// Who, as whom, and the command with its arguments.
        calls: Vec<(String, String, String)>,
    },
    /// Gives a unit less of something until the host is started again, over D-Bus.
    HoldBack {
        /// Which unit.
        unit: String,
        /// Of what.
        knob: Knob,
        /// How much it had, as the kernel counts it.
        from: u64,
        /// How much it gets.
        to: u64,
    },
    /// Gives it back, unless somebody has set something else meanwhile.
    LetGo {
        /// Which unit.
        unit: String,
        /// Of what.
        knob: Knob,
        /// How much it has.
        from: u64,
        /// How much it gets.
        to: u64,
    },
    /// Ends some processes of one person at once.
    KillJob {
        /// Whose.
        uid: u32,
        /// Which, and when each began, in nanoseconds since boot.
        processes: Vec<(u32, u64)>,
    },
    /// Puts a drop-in of a unit in place, whole or not at all, for everybody to read.
    WriteDropIn {
        /// Where.
        path: String,
        /// What is in it.
        content: String,
    },
    /// Removes a drop-in of a unit, and its directory where nothing else is in it.
    RemoveDropIn {
        /// Which.
        path: String,
    },
    /// Sets what a person may occupy on a file system.
    SetQuota {
        /// Its device.
        device: String,
        /// Whose.
        uid: u32,
        /// How much.
        quota: Quota,
    },
    /// Has systemd read the files of all units again, and write to the cgroups what they say.
    ReloadUnits {
        /// The slices whose units it is to look at.
        within: Vec<String>,
    },
    /// Puts a symbolic link in place, whatever file or link is there; never a moment without one.
    PlaceLink {
        /// Where.
        path: String,
        /// What it says.
        target: String,
    },
    /// Lets two files of one directory change names, in one moment.
    Exchange {
        /// One.
        path: String,
        /// The other.
        with: String,
    },
    /// Removes a file of root's.
    RemoveFile {
        /// Which.
        path: String,
    },
    /// Moves a file, on one file system or across two, owner and permissions kept.
    MoveFile {
        /// From where.
        from: String,
        /// To where; nothing may be there.
        to: String,
    },
    /// Moves the waiting at jobs of a uid from one directory to another.
    MoveAtJobs {
        /// Whose.
        uid: u32,
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
    /// Makes a home from the skeleton, for its owner alone.
    CreateHome {
        /// Where.
        path: String,
        /// Whose.
        uid: u32,
        /// The owner's group.
        gid: u32,
        /// What it is a copy of.
        skel: String,
    },
    /// Deletes a tree with everything in it, without following a link or leaving its file system.
    DeleteTree {
        /// Which.
        path: String,
        /// Whose it has to be.
        uid: u32,
    },
    /// Deletes a home that nobody has used: as long as it is what the skeleton made.
    DeleteUnusedHome {
        /// Which.
        path: String,
        /// Whose it has to be.
        uid: u32,
        /// What it was a copy of.
        skel: String,
    },
    /// Installs ssh keys, as the person and not as root.
    WriteKeys {
        /// Whose.
        user: String,
        /// The lines to add; each is one public key.
        add: Vec<String>,
        /// Fingerprints of the keys to take out.
        remove: Vec<String>,
    },
    /// Ends everything that runs under a uid, until nothing does.
    EndProcesses {
        /// Whose.
        user: String,
        /// Under which uid.
        uid: u32,
    },
    /// Stops everything of a uid where it is.
    Freeze {
        /// Whose.
        uid: u32,
    },
    /// Lets everything of a uid go on.
    Thaw {
        /// Whose.
        uid: u32,
    },
    /// Ends everything of a uid, without starting a program for it.
    EndAtOnce {
        /// Whose.
        uid: u32,
    },
    /// Ends a process and everything below it.
    EndJob {
        /// Whose it has to be.
        uid: u32,
        /// Which.
        pid: u32,
        /// When it began, in the kernel's ticks.
        started: u64,
    },
    /// Writes a line on every terminal of a person.
    Tell {
        /// Whose.
        uid: u32,
        /// What.
        words: String,
    },
    /// Sends a signal.
    Signal {
        /// Whose they have to be.
        uid: u32,
        /// Number and start of the one that is meant; all of them without.
        job: Option<(u32, u64)>,
        /// Which signal.
        signal: i32,
    },
    /// Adds ranges of subordinate ids under an owner that is no account.
    ReserveIds {
        /// `/etc/subuid` or `/etc/subgid`.
        path: String,
        /// Under which name.
        owner: String,
        /// Which, as `first+count first+count`.
        ranges: String,
    },
    /// Takes an owner's ranges out again.
    FreeIds {
        /// `/etc/subuid` or `/etc/subgid`.
        path: String,
        /// Whose.
        owner: String,
    },
    /// Packs a tree into an archive and compares every file with it.
    Archive {
        /// Which tree.
        tree: String,
        /// To which file.
        file: String,
    },
    /// Gives everything that a uid owns on this host's own file systems another owner, and writes
    /// down first what that is.
    GiveFiles {
        /// The owner, and the group that changes with it.
        from: (u32, u32),
        /// The new owner and group.
        to: (u32, u32),
        /// The directory that is left alone.
        except: String,
        /// Where is written down what was given.
        record: String,
    },
    /// Gives back what was given, as far as it is there and was not given further.
    GiveBackFiles {
        /// Where it is written down.
        record: String,
    },
    /// Deletes everything that a uid owns on this host's own file systems; directories that hold
    /// anything else stay.
    DeleteFiles {
        /// Whose.
        uid: u32,
        /// The directory that is left alone.
        except: String,
    },
}

impl Action {
    /// A program with its arguments.
    #[must_use]
    pub fn run(argv: &[&str]) -> Self {
        Self::Run {
            argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
            secret: false,
        }
    }

    /// Whether it is done even where everything seems to be as it leaves it.
    #[must_use]
    pub fn is_always_done(&self) -> bool {
        matches!(
            self,
            Self::ReloadUnits { .. } | Self::Freeze { .. } | Self::Thaw { .. }
        )
    }
}

impl fmt::Display for Action {
    /// The exact command, quoted so that one can read where an argument ends, or the exact change.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { argv, secret } => {
                let shown: Vec<String> = argv.iter().map(|arg| quoted(arg)).collect();
                let input = if *secret { " < (password)" } else { "" };
                write!(f, "{}{input}", shown.join(" "))
            }
            Self::WriteFile { path, mode, .. } => write!(f, "write {path}, mode {mode:04o}"),
            Self::WriteSudoers { path, .. } => {
                write!(f, "write {path}, mode 0440, once visudo takes it")
            }
            Self::AskSudo { calls } => {
                let asked = calls.iter().map(|(who, target, command)| {
                    format!("sudo -u {} -l -U {} {command}", quoted(target), quoted(who))
                });
                f.write_str(&asked.collect::<Vec<_>>().join("; "))
            }
            Self::HoldBack { unit, knob, to, .. } | Self::LetGo { unit, knob, to, .. } => write!(
                f,
                "systemctl set-property --runtime {unit}: {} {}",
                knob.property(),
                Amount(*to)
            ),
            Self::Tell { uid, words } => {
                write!(f, "to the terminals of uid {uid}: {words}")
            }
            Self::KillJob { uid, processes } => {
                let pids: Vec<String> = processes.iter().map(|(pid, _)| pid.to_string()).collect();
                write!(f, "kill -KILL {} of uid {uid}", pids.join(" "))
            }
            Self::WriteDropIn { path, .. } => write!(f, "write {path}, mode 0644"),
            Self::SetQuota { device, uid, quota } => {
                write!(f, "quota of uid {uid} on {device}: {quota}")
            }
            Self::ReloadUnits { .. } => f.write_str("systemctl daemon-reload, over D-Bus"),
            Self::RemoveFile { path } | Self::RemoveDropIn { path } => write!(f, "remove {path}"),
            Self::PlaceLink { path, target } => write!(f, "link {path} to {target}"),
            Self::Exchange { path, with } => write!(f, "exchange {path} and {with}"),
            Self::MoveFile { from, to } => write!(f, "move {from} to {to}"),
            Self::MoveAtJobs { uid, from, to } => {
                write!(f, "move the jobs of uid {uid} in {from} to {to}")
            }
            Self::CreateHome {
                path,
                uid,
                gid,
                skel,
            } => write!(f, "copy {skel} to {path}, owner {uid}:{gid}, mode 0700"),
            Self::DeleteTree { path, .. } => write!(f, "delete {path} and everything in it"),
            Self::DeleteUnusedHome { path, .. } => {
                write!(f, "delete {path} if nothing was put in it")
            }
            Self::WriteKeys { user, add, remove } => write!(
                f,
                "authorized_keys of {user}, as {user}: add {}, remove {}",
                add.len(),
                remove.len()
            ),
            Self::EndProcesses { user, uid } => {
                write!(
                    f,
                    "end the sessions of {user} and kill uid {uid} until none is left"
                )
            }
            Self::Freeze { uid } => write!(
                f,
                "write 1 to cgroup.freeze of user-{uid}.slice, SIGSTOP to the rest of uid {uid}"
            ),
            Self::Thaw { uid } => write!(
                f,
                "write 0 to cgroup.freeze of user-{uid}.slice, SIGCONT to the rest of uid {uid}"
            ),
            Self::EndAtOnce { uid } => write!(
                f,
                "SIGTERM to uid {uid}, then cgroup.kill of user-{uid}.slice and SIGKILL until \
                 nothing is left"
            ),
            Self::EndJob { uid, pid, .. } => write!(
                f,
                "SIGTERM, then SIGKILL, to process {pid} of uid {uid} and all below it"
            ),
            Self::Signal { uid, job, signal } => match job {
                Some((pid, _)) => write!(f, "signal {signal} to process {pid} of uid {uid}"),
                None => write!(f, "signal {signal} to every process of uid {uid}"),
            },
            Self::ReserveIds {
                path,
                owner,
                ranges,
            } => write!(f, "add {ranges} to {path} as {owner}'s"),
            Self::FreeIds { path, owner } => write!(f, "take {owner} out of {path}"),
            Self::Archive { tree, file } => write!(f, "pack {tree} into {file} and compare"),
            Self::GiveFiles {
                from,
                to,
                except,
                record,
            } => write!(
                f,
                "chown what uid {} owns, {except} left out, to {}, and its group {} to {}; noted \
                 in {record}",
                from.0, to.0, from.1, to.1
            ),
            Self::GiveBackFiles { record } => {
                write!(f, "chown everything in {record} to whose it was")
            }
            Self::DeleteFiles { uid, except } => {
                write!(f, "delete what uid {uid} owns, {except} left out")
            }
        }
    }
}

/// A number, or none at all.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            u64::MAX => f.write_str("infinity"),
            number => number.fmt(f),
        }
    }
}

/// An argument as it can be pasted: plain, or in single quotes.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_can_be_pasted() {
        let action = Action::run(&["/usr/sbin/useradd", "-c", "Ada L.", "--", "ada"]);
        assert_eq!(action.to_string(), "/usr/sbin/useradd -c 'Ada L.' -- ada");
        let secret = Action::Run {
            argv: vec!["/usr/sbin/chpasswd".to_owned()],
            secret: true,
        };
        assert_eq!(secret.to_string(), "/usr/sbin/chpasswd < (password)");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
