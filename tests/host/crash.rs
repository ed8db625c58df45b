//! What a crash leaves: a plan is interrupted between its steps, and each time the account files
//! are whole, the program tells the truth, and both ways lead on. With `BENCHWARDEN_EVERY_POINT`
//! it is at every point where something was written.

mod power;

use std::path::Path;
use std::process::Command;

use crate::harness::{Host, Release};

/// A verb that is interrupted again and again, and how the host itself tells what happened of it.
struct Story {
    verb: &'static str,
    /// What is done once, before anything else.
    before: &'static str,
    /// What no copy of the account files brings back.
    each_time: &'static str,
    /// What a start of the host does not bring back of what ran before, where it is to run still.
    at_boot: &'static str,
    /// Words of a step, and what succeeds when it has happened.
    signs: &'static [(&'static str, &'static str)],
    /// From this step on there is no way back.
    no_way_back: Option<&'static str>,
    /// Which of its points are tried when there is no time for all.
    some: fn(usize) -> bool,
}

const ADD: Story = Story {
    verb: "user add eve --full-name 'Eve Adams' --groups users --expires 2030-01-01 \
           --ssh-key /root/.ssh/authorized_keys",
    before: "true",
    each_time: "rm -rf /home/eve",
    at_boot: "true",
    signs: &[
        ("make the account", "getent passwd eve && getent group eve"),
        ("make the home", "test -d /home/eve"),
        ("a member of users", "id -nG eve | grep -w users"),
        ("close the account", "chage -l eve | grep 'Jan 01, 2030'"),
        ("let eve in", "grep ssh- /home/eve/.ssh/authorized_keys"),
    ],
    no_way_back: None,
    // Each step once with its beginning noted and nothing done, once done and not noted.
    some: |at| at == 2 || (at > 2 && at % 4 < 2),
};

const REMOVE: Story = Story {
    verb: "user remove vera --archive /srv/vera.tar.zst",
    before: "useradd --uid 1500 -m -s /bin/bash -G games vera && echo vera:vera-pw | chpasswd \
             && seq 1 2000 > /home/vera/numbers && echo '0 4 * * 0 /bin/true' | crontab -u vera - \
             && cp -a /home/vera /root/kept/ && cp -a /var/spool/cron/crontabs/vera /root/kept/crontab",
    each_time: "rm -rf /srv/vera.tar.zst /home/vera /var/lib/benchwarden/removed \
                /var/lib/benchwarden/suspended; cp -aT /root/kept/vera /home/vera; \
                cp -a /root/kept/crontab /var/spool/cron/crontabs/vera; pkill -KILL -U 1500; \
                (setpriv --reuid 1500 --clear-groups sleep 1000 >/dev/null 2>&1 &)",
    at_boot: "! getent passwd vera || chage -l vera | grep 1970 || \
              (setpriv --reuid 1500 --clear-groups sleep 1000 >/dev/null 2>&1 &)",
    signs: &[
        (
            "close the account",
            "! getent passwd vera || chage -l vera | grep 1970",
        ),
        (
            "lock the password",
            "! getent passwd vera || getent shadow vera | grep ':!'",
        ),
        (
            "a shell that lets nobody in",
            "! getent passwd vera || getent passwd vera | grep nologin",
        ),
        ("set the crontab", "test ! -e /var/spool/cron/crontabs/vera"),
        ("end the sessions", "! pgrep -U 1500"),
        (
            "note that uid",
            "test -e /var/lib/benchwarden/removed/1500.json",
        ),
        ("pack /home/vera", "test -e /srv/vera.tar.zst"),
        ("delete /home/vera", "test ! -e /home/vera"),
        ("take vera out of games", "! id -nG vera | grep -w games"),
        ("remove the account", "! getent passwd vera"),
        ("of /etc/subuid", "grep '^~removed-1500:' /etc/subuid"),
        ("of /etc/subgid", "grep '^~removed-1500:' /etc/subgid"),
    ],
    no_way_back: Some("delete /home/vera"),
    some: |at| at % 9 == 3,
};

/// The account files, all of them.
const FILES: &str = "/etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid /etc/subgid";
const RECEIPTS: &str = "/var/lib/benchwarden/receipts";

/// What is asked after a crash, a section each.
const SOUND: &str = "pwck -r 2>&1 | grep -v -e 'does not exist' -e 'no changes'; grpck -r 2>&1; \
                     ls -A /home | grep '^\\.'; true";

/// What the program and the host say.
#[derive(Debug)]
struct Told {
    status: String,
    /// The interrupted plan, if one is listed.
    plan: Option<String>,
    /// Its steps: words, and what the program says of them.
    steps: Vec<(String, String)>,
    /// Of each sign whether it is there.
    signs: Vec<bool>,
    /// A digest of the account files, and what of the home.
    files: String,
}

/// Compiles what stops the program and puts it on the host, with the program.
fn prepare(host: &Host, story: &Story) {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("stop.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/crash/stop.c");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(made.expect("a C compiler").success());
    host.install_benchwarden();
    host.put(&std::fs::read(library).unwrap(), "/root/stop.so", 0o755);
    host.run(&format!("mkdir -p /root/kept && {}", story.before))
        .ok();
    host.run(&format!("mkdir /root/etc && cp -a {FILES} /root/etc"))
        .ok();
}

/// The host as it was before the verb.
fn again(story: &Story) -> String {
    format!(
        "rm -rf {RECEIPTS}; cp -a /root/etc/* /etc/; {}",
        story.each_time
    )
}

/// What the program lists, and what the host's own tools show.
fn questions(story: &Story) -> String {
    let signs: String = story
        .signs
        .iter()
        .map(|(_, test)| {
            format!("if {{ {test}; }} >/dev/null 2>&1; then echo yes; else echo no; fi; ")
        })
        .collect();
    format!(
        "echo == listed; benchwarden undo; echo == signs; {signs} echo == sound; {SOUND}; \
         echo == files; cat {FILES} | sha256sum; ls -d /home/eve /srv/vera.tar.zst 2>/dev/null; true"
    )
}

fn ask(host: &Host, story: &Story, first: &str) -> Told {
    let said = host.run(&format!("{first}; echo \"$?\"; {}", questions(story)));
    let text = said.ok();
    let parts: Vec<&str> = text.split("== ").collect();
    let [status, listed, signs, sound, files] = parts.as_slice() else {
        panic!("{said}");
    };
    assert_eq!(sound.trim(), "sound", "the account files: {said}");
    let listed: Vec<&str> = listed.lines().skip(1).collect();
    let steps = listed.iter().skip(1).filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        let (word, what) = line.split_at_checked(12)?;
        (!word.starts_with('`')).then(|| (what.trim().to_owned(), word.trim().to_owned()))
    });
    Told {
        status: status.trim().to_owned(),
        plan: listed
            .first()
            .filter(|line| !line.starts_with("no plan"))
            .and_then(|line| Some(line.split_whitespace().next()?.to_owned())),
        steps: steps.collect(),
        signs: signs.lines().skip(1).map(|line| line == "yes").collect(),
        files: files.trim().to_owned(),
    }
}

impl Told {
    /// The program says of every step what the host shows.
    fn is_true(&self, story: &Story) {
        for (what, word) in &self.steps {
            let at = story
                .signs
                .iter()
                .position(|(words, _)| what.contains(words));
            let at = at.unwrap_or_else(|| panic!("nothing tells of {what:?}"));
            match word.as_str() {
                "happened" => assert!(self.signs[at], "{what}: {self:#?}"),
                "did not" => assert!(!self.signs[at], "{what}: {self:#?}"),
                // Of a tree that is half deleted nothing tells; nothing else is in doubt.
                _ => assert!(what.starts_with("delete "), "{what}: {self:#?}"),
            }
        }
    }

    /// Whether a step is there from which no way leads back.
    fn cannot_go_back(&self, story: &Story) -> bool {
        story.no_way_back.is_some_and(|words| {
            self.steps
                .iter()
                .any(|(what, word)| what.contains(words) && word != "did not")
        })
    }
}

/// Where a verb is stopped: every line of a receipt is written and synced. Some of those points,
/// or every single one.
fn points(story: &Story) -> impl Iterator<Item = usize> {
    let all = std::env::var_os("BENCHWARDEN_EVERY_POINT").is_some();
    let some = story.some;
    (1..).filter(move |at| all || some(*at))
}

/// Interrupts a verb at each of its points in turn, and goes on from there.
fn interrupted_at_its_points(story: &Story) {
    let host = Host::fresh(Release::Bookworm);
    prepare(&host, story);
    let whole = ask(&host, story, &again(story));
    for (round, at) in points(story).enumerate() {
        let stopped = format!(
            "{}; LD_PRELOAD=/root/stop.so STOP_HOW=kill STOP_AT={at} benchwarden {} --yes >/dev/null 2>&1",
            again(story),
            story.verb
        );
        let crash = ask(&host, story, &stopped);
        crash.is_true(story);
        if crash.status == "0" {
            assert!(crash.signs.iter().all(|sign| *sign), "{crash:#?}");
            let all = 4 * story.signs.len();
            let least = (1..all).filter(|at| (story.some)(*at)).count();
            assert!(round >= least, "only {round} points, not {least}");
            break;
        }
        assert_eq!(crash.status, "137", "at {at}: {crash:#?}");
        // Begun and done are interrupted by turns: finishing and undoing go by other turns.
        let back = (round / 2 + round) % 2 == 1;
        goes_on(&host, story, &whole, &crash, back);
    }
    host.run("benchwarden audit verify").ok();
}

/// From a crash, to the end or back, by turns.
fn goes_on(host: &Host, story: &Story, whole: &Told, crash: &Told, back: bool) {
    let Some(plan) = &crash.plan else {
        // It had not begun, or had ended.
        let none = crash.signs.iter().all(|sign| !sign);
        let all = crash.signs.iter().all(|sign| *sign);
        assert!(none || all, "{crash:#?}");
        return;
    };
    if back && !crash.cannot_go_back(story) {
        let undone = ask(host, story, &format!("benchwarden undo {plan} --yes 2>&1"));
        assert!(undone.status.ends_with('0'), "{crash:#?}\n{undone:#?}");
        assert_eq!(undone.files, whole.files, "{crash:#?}\n{undone:#?}");
        assert_eq!(undone.plan, None, "{undone:#?}");
        return;
    }
    if back {
        let kept = ask(host, story, &format!("benchwarden undo {plan} --yes 2>&1"));
        assert!(kept.files.contains("/srv/vera.tar.zst"), "{kept:#?}");
        let why = ["the home is in /srv/vera.tar.zst", "there is nothing of it"];
        assert!(why.iter().any(|why| kept.status.contains(why)), "{kept:#?}");
        if kept.plan.is_none() {
            return;
        }
    }
    let done = ask(
        host,
        story,
        &format!("benchwarden finish {plan} --yes 2>&1"),
    );
    assert!(done.status.ends_with('0'), "{crash:#?}\n{done:#?}");
    assert!(done.signs.iter().all(|sign| *sign), "{done:#?}");
    assert_eq!(done.plan, None, "{done:#?}");
}

#[test]
fn a_new_account_is_interrupted_between_its_steps() {
    interrupted_at_its_points(&ADD);
}

#[test]
fn a_removal_is_interrupted_between_some_of_its_steps() {
    interrupted_at_its_points(&REMOVE);
}
