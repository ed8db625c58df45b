//! One cell of the table: a fresh host, an attack, and what everybody else notices of it.

use std::fmt;
use std::time::{Duration, Instant};

use super::kinds::{Protection, Way};
use crate::harness::{Host, Key, Release};

const ATTACK: &str = include_str!("attack.py");
/// A login that takes longer is not answered.
const ANSWERED: Duration = Duration::from_secs(10);
/// And after that it is given up.
const GIVEN_UP: Duration = Duration::from_secs(30);
/// How long the attack goes on before anybody helps.
const LASTS: Duration = Duration::from_secs(30);
/// A host is as before within so long.
const BACK: Duration = Duration::from_secs(10);
/// Who logs in, in turns: an admin and a colleague.
const VISITORS: [&str; 2] = ["ada", "carol"];

/// bob counts as fast as he can, and keeps where he is where it can be read.
const BYSTANDER: &str = r"
import os, time
fd = os.open('/tmp/bystander', os.O_CREAT | os.O_RDWR, 0o644)
count = 0
while True:
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        for _ in range(1000): pass
        count += 1
    os.pwrite(fd, b'%20d %20.6f' % (count, time.monotonic()), 0)
";

/// Services and session managers whose end somebody else would notice: unit and process.
const WITNESSES: &str = "for u in ssh cron dbus systemd-logind systemd-journald rstudio-server \
    jupyterhub jupyterhub-systemd benchwarden-guard user@0 user@1000 user@1002 user@1003; do \
    echo $u $(systemctl show -p MainPID --value $u.service); done; \
    echo bystander $(pgrep -u bob -f '[b]ystander')";
/// What the kernel, or somebody for it, ended: not alice's.
const ENDED: &str = "journalctl -b -o cat _TRANSPORT=kernel | grep -c 'Killed process' ; \
    journalctl -b -o cat _TRANSPORT=kernel | grep 'Killed process' | grep -v 'UID:1001 ' | \
    sed 's/.*(\\(.*\\)).*/\\1/' | sort | uniq -c | head -5";

/// What came out.
#[derive(Clone, Debug)]
pub struct Cell {
    pub protection: Protection,
    pub way: Way,
    pub attack: String,
    /// Fresh logins, and those within ten seconds.
    pub logins: usize,
    pub answered: usize,
    /// Of the time they take while nothing happens.
    pub median: f64,
    pub worst: f64,
    /// The bystander's rate over its fair share.
    pub bystander: f64,
    /// Whose end was not the attacker's.
    pub innocents: Vec<String>,
    /// What only benchwarden tells.
    pub told: Option<Told>,
    /// Seconds until a login takes what it took before.
    pub back: Option<f64>,
}

#[derive(Clone, Debug)]
pub struct Told {
    /// Whether alice is the one that is named.
    pub named: bool,
    /// From the login of an admin to a drawn screen, and from the key to a frozen attacker.
    pub screen: Duration,
    pub frozen: Duration,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let innocents = match &self.innocents[..] {
            [] => "none".to_owned(),
            some => some.join("+"),
        };
        let told = match &self.told {
            None => "-\t-\t-".to_owned(),
            Some(told) => format!(
                "{}\t{:.1}\t{:.1}",
                if told.named { "yes" } else { "no" },
                told.screen.as_secs_f64(),
                told.frozen.as_secs_f64()
            ),
        };
        let back = self
            .back
            .map_or("-".to_owned(), |seconds| format!("{seconds:.0}"));
        write!(
            f,
            "{}\t{}\t{}\t{}/{}\t{:.1}\t{:.1}\t{:.2}\t{innocents}\t{told}\t{back}",
            self.protection,
            self.way,
            self.attack,
            self.answered,
            self.logins,
            self.median,
            self.worst,
            self.bystander,
        )
    }
}

impl Cell {
    /// What is wanted of benchwarden; everything that is not so.
    pub fn falls_short(&self) -> Vec<String> {
        let mut short = Vec::new();
        let mut want = |is: bool, what: String| {
            if !is {
                short.push(what);
            }
        };
        want(
            self.answered == self.logins,
            format!("{} of {} logins answered", self.answered, self.logins),
        );
        want(
            self.median <= 1.5,
            format!("the median login took {:.1}", self.median),
        );
        want(
            self.worst <= 3.0,
            format!("the worst login took {:.1}", self.worst),
        );
        want(
            self.bystander >= 0.8,
            format!("the bystander had {:.2}", self.bystander),
        );
        want(
            self.innocents.is_empty(),
            format!("{} ended", self.innocents.join(", ")),
        );
        want(
            self.told.as_ref().is_some_and(|told| told.named),
            "the attacker was not named".to_owned(),
        );
        want(
            self.back
                .is_some_and(|seconds| seconds <= BACK.as_secs_f64()),
            format!("back after {:?} s", self.back),
        );
        short
    }
}

/// A fresh host; `None` where it has no such way in.
pub fn measure(protection: Protection, way: Way, attack: &str) -> Option<Cell> {
    let host = &Host::fresh_and_alone(Release::Bookworm);
    if !way.is_there(host) {
        return None;
    }
    host.put(ATTACK.as_bytes(), "/usr/local/bin/attack", 0o755);
    host.put(BYSTANDER.as_bytes(), "/usr/local/bin/bystander", 0o755);
    protection.put_up(host);
    way.get_ready(host);
    for visitor in VISITORS {
        host.as_user(visitor).run("true").ok();
    }
    let _counts = host
        .as_user("bob")
        .spawn("exec python3 /usr/local/bin/bystander");
    host.wait_until("bob counts", |host| {
        host.run("cat /tmp/bystander").status == Some(0)
    });
    // Nothing of the beginning is left to do.
    std::thread::sleep(Duration::from_secs(5));

    let witnesses = host.run(WITNESSES).ok().to_owned();
    let (before, idle) = meanwhile(host, || logins(host, Duration::ZERO, 6));
    let idle = median(&idle);
    let _job = way.start(host, attack);
    // What never began would be held by anything. Containers run it under other uids.
    let begun = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c -e '(attack)' -e '(busybox)'";
    host.wait_until("the attack has begun", |host| {
        host.run(begun).stdout.trim() != "0"
    });
    let (during, taken) = meanwhile(host, || logins(host, LASTS, 5));
    let told = (protection == Protection::Benchwarden).then(|| console(host));
    host.run("rm -f /etc/cron.d/attack").ok();
    end_of_it(host, protection);
    let back = back_to(host, idle);

    let after = host.run(WITNESSES).ok().to_owned();
    let same: Vec<&str> = after.lines().collect();
    let mut innocents: Vec<String> = witnesses
        .lines()
        .filter(|line| !same.contains(line))
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let ended = host.run(ENDED);
    let names = ended.stdout.lines().skip(1);
    innocents.extend(names.filter_map(|line| Some(line.trim().split_once(' ')?.1.to_owned())));
    let answered = taken.iter().filter(|took| **took <= ANSWERED).count();
    Some(Cell {
        protection,
        way,
        attack: attack.to_owned(),
        logins: taken.len(),
        answered,
        median: over(median(&taken), idle),
        worst: over(taken.iter().copied().max().unwrap_or_default(), idle),
        bystander: during.counts / (before.counts * before.fair()),
        innocents,
        told,
        back,
    })
}

fn over(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn median(all: &[Duration]) -> Duration {
    let mut all = all.to_vec();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Fresh logins one after the other, for so long and so many at least.
fn logins(host: &Host, lasts: Duration, at_least: usize) -> Vec<Duration> {
    let begin = Instant::now();
    let mut taken = Vec::new();
    while begin.elapsed() < lasts || taken.len() < at_least {
        let visitor = VISITORS[taken.len() % VISITORS.len()];
        taken.push(host.as_user(visitor).login_takes(GIVEN_UP));
        // Nobody logs in without a pause.
        std::thread::sleep(Duration::from_millis(500));
    }
    taken
}

/// How fast things went for a while, each second.
#[derive(Clone, Copy, Debug)]
struct Rates {
    /// What the bystander counted.
    counts: f64,
    /// Processors the bystander had, and those that were busy.
    bobs: f64,
    busy: f64,
    /// Processors of the host.
    all: f64,
}

impl Rates {
    /// The part of what it counted on an idle host that is fair beside one more person: a
    /// processor each, or half of what root's share of the logins leaves.
    fn fair(self) -> f64 {
        let left = self.all - (self.busy - self.bobs);
        (left / 2.0 / self.bobs).min(1.0)
    }
}

/// What happens while something else does.
fn meanwhile<T>(host: &Host, does: impl FnOnce() -> T) -> (Rates, T) {
    // Ticks are hundredths of a second: idle ones are the fourth and fifth number.
    let read = "cat /tmp/bystander; echo; sed -n 's/usage_usec //p' \
        /sys/fs/cgroup/user.slice/user-1002.slice/cpu.stat; \
        awk '/^cpu /{print $2+$3+$4+$7+$8+$9}' /proc/stat; nproc";
    let look = || -> Vec<f64> {
        let said = host.as_user("root").run_with(read, &[], GIVEN_UP * 4);
        let numbers = said.ok().split_ascii_whitespace().flat_map(str::parse);
        let numbers: Vec<f64> = numbers.collect();
        assert_eq!(numbers.len(), 5, "{said}");
        numbers
    };
    let first = look();
    let done = does();
    let last = look();
    let seconds = last[1] - first[1];
    let rate = |at: usize| (last[at] - first[at]) / seconds;
    let rates = Rates {
        counts: rate(0),
        bobs: rate(2) / 1e6,
        busy: rate(3) / 100.0,
        all: last[4],
    };
    (rates, done)
}

/// An admin who comes while it lasts, sees who it is, and freezes them.
fn console(host: &Host) -> Told {
    let begin = Instant::now();
    let mut console = host.as_user("root").terminal((100, 30), "benchwarden");
    console.wait_for("TREND");
    let screen = begin.elapsed();
    console.wait_for("alice");
    // By the banner, or by the guard before somebody came.
    let banner = console.line_with("! ");
    let journal = host.run("journalctl -t benchwarden -o cat").stdout;
    let said = journal
        .lines()
        .any(|line| line.contains("short of") && line.contains("alice has"));
    console.type_text("/alice");
    console.press(Key::Enter);
    console.wait_for("> alice");
    console.type_text("z");
    console.wait_for("y do it");
    let key = Instant::now();
    console.type_text("y");
    console.wait_for("Done: freeze alice");
    let frozen = key.elapsed();
    console.press(Key::Ctrl('c'));
    console.wait_exit();
    Told {
        named: said || banner.is_some_and(|line| line.contains("alice")),
        screen,
        frozen,
    }
}

/// Whoever is frozen is ended; anybody else is, as far as root still can.
fn end_of_it(host: &Host, protection: Protection) {
    let end = if protection == Protection::Benchwarden {
        "benchwarden kill alice --yes 2>&1".to_owned()
    } else {
        "for i in $(seq 100); do pkill -STOP -u alice; pkill -KILL -u alice || exit 0; done; exit 0"
            .to_owned()
    };
    host.as_user("root").run_with(&end, &[], GIVEN_UP * 8).ok();
}

/// Seconds until a login takes what it took before; `None` within a minute.
fn back_to(host: &Host, idle: Duration) -> Option<f64> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        let began = begin.elapsed();
        if over(host.as_user(VISITORS[0]).login_takes(GIVEN_UP), idle) <= 1.5 {
            return Some(began.as_secs_f64());
        }
    }
    None
}
