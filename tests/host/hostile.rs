//! A hostile neighbour neither stalls the console, nor ends it, nor reaches the terminal.
//!
//! What a neighbour does is told in `hostile/*.py`; every one of them needs no right that an
//! ordinary person lacks.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Host, Job, Key, Output, Release, Terminal, on_debian_12};
use crate::usage::BUSY;

/// What a few snapshots, a second apart, may take on a host in distress.
const SOON: Duration = Duration::from_secs(30);

/// Puts a script where everybody can read it, and starts it as a person; it says when it is ready.
#[must_use]
fn start(host: &Host, user: &str, script: &str, command: &str) -> Job {
    let path = "/usr/local/hostile.py";
    host.put(script.as_bytes(), path, 0o644);
    let command = command.replace("SCRIPT", path);
    let job = host
        .as_user(user)
        .spawn(&format!("{command} >/tmp/said-{user} 2>&1"));
    host.wait_until(&format!("{user}'s {command} is ready"), |host| {
        let said = host.run(&format!("cat /tmp/said-{user}"));
        assert!(!said.stdout.contains("Error"), "{said}");
        said.stdout.contains("ready")
    });
    host.run(&format!("rm /tmp/said-{user}")).ok();
    job
}

/// When the figures on the screen were taken: the corner tells it to the second while they are
/// held still.
fn taken_at(console: &mut Terminal) -> String {
    console.type_text(" ");
    console.wait_for("PAUSED at ");
    let text = console.text();
    let (_, time) = text.split_once("PAUSED at ").expect("was waited for");
    let time = time.split_whitespace().next().unwrap_or("").to_owned();
    console.type_text(" ");
    console.wait_until("the figures move again", |console| {
        !console.text().contains("PAUSED at ")
    });
    time
}

/// New figures come, again and again.
#[track_caller]
fn goes_on(console: &mut Terminal, while_what: &str) {
    let begun = Instant::now();
    for number in 1..=3 {
        let last = taken_at(console);
        while taken_at(console) == last {
            let late = begun.elapsed() > SOON;
            assert!(
                !late,
                "only {number} snapshots within {SOON:?} while {while_what}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Keys are answered.
#[track_caller]
fn answers(console: &mut Terminal) {
    console.type_text("?");
    console.wait_for("draw the screen again");
    console.press(Key::Esc);
    console.wait_until("the help is gone", |console| {
        !console.text().contains("draw the screen again")
    });
}

/// Opens the console as root on the screen of one person.
fn on_the_screen_of(host: &Host, user: &str) -> Terminal {
    let mut console = host.as_user("root").terminal((120, 40), "benchwarden");
    console.wait_for("TREND");
    // By name, from the top.
    console.type_text("Sg");
    console.wait_for("USER*");
    select(&mut console, user);
    console.press(Key::Enter);
    console.wait_for("COMMAND");
    console
}

/// Moves down to the line of one person.
fn select(console: &mut Terminal, user: &str) {
    let line = format!("> {user} ");
    for _ in 0..12 {
        if console.line_with(&line).is_some() {
            return;
        }
        let before = console.line_with("> ");
        console.press(Key::Down);
        console.wait_until("the cursor moves", |console| {
            console.line_with("> ") != before
        });
    }
    panic!("no line of {user}:\n{}", console.text());
}

/// Whether a character could change how a terminal shows others.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff)
}

/// Everything sent to the terminal is text and the console's own few sequences.
#[track_caller]
fn only_its_own_sequences(console: &Terminal) {
    let raw = console.raw();
    let mut rest = String::from_utf8_lossy(&raw).into_owned();
    // A character may be on its way still.
    rest = rest.trim_end_matches('\u{fffd}').to_owned();
    let mut rest = rest.as_str();
    while let Some(at) = rest.find(is_harmful) {
        let from = &rest[at..];
        let harmless = from.strip_prefix(['\r', '\n', '\u{8}']);
        let Some(after) = harmless.or_else(|| after_own_sequence(from)) else {
            let seen: String = from.chars().take(30).collect();
            panic!("{seen:?} is sent to the terminal");
        };
        rest = after;
    }
}

/// What follows a sequence that the console itself sends: it moves, clears, colours, takes the
/// alternate screen and hides the cursor.
fn after_own_sequence(text: &str) -> Option<&str> {
    let Some(body) = text.strip_prefix("\x1b[") else {
        return (text == "\x1b").then_some(""); // The rest is on its way.
    };
    let Some(end) = body.find(|c: char| !matches!(c, '0'..='9' | ';' | '?')) else {
        return Some("");
    };
    let (parameters, after) = body.split_at(end);
    let known = match after.chars().next()? {
        'A'..='D' | 'H' | 'J' | 'K' => !parameters.contains('?'),
        // Neither blinking nor concealed.
        'm' => parameters
            .split(';')
            .all(|code| !matches!(code, "5" | "6" | "8")),
        'h' | 'l' => matches!(parameters, "?1049" | "?25" | "?2004"),
        _ => false,
    };
    known.then(|| &after[1..])
}

/// All text in a JSON document.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            found.push(key.clone());
            texts(value, found);
        }),
        _ => {}
    }
}

/// `usage` ends in time; no text in its document harms anybody.
#[track_caller]
fn usage(host: &Host, user: &str) -> Value {
    let run = |command: &str| -> Output { host.as_user(user).run_with(command, &[], SOON) };
    let text = run("benchwarden usage --interval 1s");
    let harmful = text.ok().replace('\n', "").find(is_harmful);
    assert_eq!(harmful, None, "{text:?}");
    let document = run("benchwarden usage --json --interval 1s").json();
    let mut found = Vec::new();
    texts(&document, &mut found);
    for text in found {
        assert!(!text.contains(is_harmful), "{text:?} in {document:#}");
    }
    document
}

fn of_user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let users = document["users"].as_array().unwrap();
    let found = users.iter().find(|user| user["user"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

on_debian_12! {
    fn names_and_arguments_made_for_the_terminal_are_shown_as_what_they_are(host) {
        host.install_benchwarden();
        let _titles = start(host, "alice", include_str!("hostile/titles.py"), "exec python3 SCRIPT");
        // Everybody names the cgroups in their own; what of others runs there is shown with it.
        let cgroup = "/sys/fs/cgroup/user.slice/user-1001.slice/user@1001.service/$(printf '\\033]0;cg\\007\\033[2J\\342\\200\\256')";
        host.as_user("alice").run(&format!("mkdir \"{cgroup}\"")).ok();
        let _guest = host.as_user("root").spawn("su bob -c 'exec sleep 4022'");
        host.wait_until("bob sleeps", |host| host.run("pgrep -U bob -x sleep").status == Some(0));
        host.run(&format!("pgrep -U bob -x sleep > \"{cgroup}/cgroup.procs\"")).ok();

        let document = usage(host, "root");
        let places = of_user(&document, "bob")["outside"]["cgroups"].to_string();
        assert!(places.contains("x1b]0;cg"), "{places}");

        let mut console = on_the_screen_of(host, "alice");
        // The arguments of the first, the file's name of the second, the arguments of the third.
        for shown in ["first \\x1b]0;owned\\x07", "\\x1b]0;c\\x07", "time.sleep(1e6) \\x1b]0;owned"] {
            console.wait_for(shown);
        }
        console.wait_for("\\u{202e}");
        goes_on(&mut console, "hostile text is on the screen");
        answers(&mut console);
        console.press(Key::Esc);
        console.wait_for("USER*");
        select(&mut console, "bob");
        console.press(Key::Enter);
        console.wait_for("x1b]0;cg");
        goes_on(&mut console, "a hostile cgroup is on the screen");
        only_its_own_sequences(&console);
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
        only_its_own_sequences(&console);
    }
}

on_debian_12! {
    fn a_storm_of_processes_delays_no_figures(host) {
        host.install_benchwarden();
        let storm = "for i in 1 2 3 4; do sh -c 'while :; do (:) & (:) & (:) & wait; done' & done; wait";
        let _storm = host.as_user("alice").spawn(storm);
        let births = |host: &Host| -> u64 {
            host.run("awk '/^processes/ { print $2 }' /proc/stat").ok().trim().parse().unwrap()
        };
        let before = births(host);
        host.wait_until("the storm has begun", |host| births(host) > before + 1000);
        let mut console = on_the_screen_of(host, "alice");
        let (before, begun) = (births(host), Instant::now());
        goes_on(&mut console, "processes come and go");
        let document = usage(host, "root");
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = (births(host) - before) as f64 / begun.elapsed().as_secs_f64();
        eprintln!("{rate:.0} processes are born a second");
        assert!(rate > 50.0, "a storm: {rate} a second");
        let cores = of_user(&document, "alice")["cpu_cores"].as_f64().unwrap();
        assert!(cores > 0.5, "{document:#}");
        answers(&mut console);
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

on_debian_12! {
    fn processes_that_their_tracer_stopped_in_the_middle_hold_nobody_up(host) {
        host.install_benchwarden();
        let _stopped = start(host, "alice", include_str!("hostile/stopped.py"), "exec python3 SCRIPT");
        let stopped = host.run("grep -l 'tracing stop' $(ls -d /proc/[0-9]*/task/*/status) 2>/dev/null | wc -l");
        assert!(stopped.stdout.trim().parse::<u32>().unwrap() >= 3, "{stopped}");
        let mut console = on_the_screen_of(host, "alice");
        console.wait_for("hostile.py");
        goes_on(&mut console, "processes are stopped in exec and in exit");
        answers(&mut console);
        usage(host, "root");
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

on_debian_12! {
    fn a_mount_that_never_answers_holds_nobody_up(host) {
        host.install_benchwarden();
        let script = include_str!("hostile/hanging_mount.py");
        let ways = ["argv", "read", "open", "exec", "cwd"];
        let _jobs = ways.map(|how| start(host, "alice", script, &format!("exec unshare -Urm python3 SCRIPT {how}")));
        let waiting = host.run("grep -l request_wait_answer /proc/[0-9]*/stack | wc -l");
        assert_eq!(waiting.ok().trim(), "3", "a read, an open and an exec wait");
        let mut console = on_the_screen_of(host, "alice");
        console.wait_for("hostile.py");
        goes_on(&mut console, "a mount hangs");
        answers(&mut console);
        usage(host, "root");
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

// Command lines are read by a thread that can be left behind. `ps` and `pgrep` hang there.
on_debian_12! {
    fn a_process_whose_arguments_nobody_can_read_holds_nobody_up(host) {
        host.install_benchwarden();
        let script = include_str!("hostile/hanging_mount.py");
        let _locked = start(host, "alice", script, "exec unshare -Urm python3 SCRIPT locked");
        // The trap is there: another reader hangs in it.
        let find = "for p in $(grep -l fuse_file_mmap /proc/[0-9]*/stack | cut -d/ -f3); do \
            timeout -s KILL 3 cat /proc/$p/cmdline; echo status $?; done";
        host.wait_until("nobody can read the arguments", |host| {
            host.run(find).stdout.contains("status 137")
        });
        let document = usage(host, "root");
        assert!(of_user(&document, "alice")["processes"].as_u64().unwrap() >= 3, "{document:#}");
        let mut console = on_the_screen_of(host, "alice");
        goes_on(&mut console, "arguments cannot be read");
        answers(&mut console);
        console.press(Key::Esc);
        console.wait_for("USER*");
        goes_on(&mut console, "arguments could not be read");
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

on_debian_12! {
    fn where_proc_hides_others_the_slices_still_tell(host) {
        host.install_benchwarden();
        let _busy = host.as_user("alice").spawn(BUSY);
        let _su = host.as_user("root").spawn("su carol -c 'exec sleep 4040'");
        host.wait_until("carol sleeps", |host| host.run("pgrep -U carol -x sleep").status == Some(0));
        for option in ["hidepid=2", "hidepid=invisible"] {
            host.run(&format!("mount -o remount,{option} /proc")).ok();
            let hidden = host.as_user("bob").run("pgrep -U alice");
            assert_ne!(hidden.status, Some(0), "bob sees nothing of alice with {option}: {hidden}");
            for who in ["bob", "root"] {
                let document = usage(host, who);
                let alice = of_user(&document, "alice");
                let cores = alice["cpu_cores"].as_f64().unwrap();
                assert!((0.8..1.1).contains(&cores), "{option}, {who}: {document:#}");
                assert!(alice["memory_bytes"].as_u64().unwrap() > 1 << 20, "{alice:#}");
                assert!(alice["processes"].as_u64().unwrap() > 0, "{alice:#}");
            }
            let document = usage(host, "root");
            let carol = of_user(&document, "carol");
            assert_eq!(carol["outside"]["processes"], 1, "root sees everything: {carol:#}");
        }
        let mut console = host.as_user("bob").terminal((80, 24), "benchwarden");
        console.wait_for("alice");
        goes_on(&mut console, "others are hidden");
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

on_debian_12! {
    fn a_vt100_without_utf8_gets_ascii_and_no_colour_whatever_neighbours_are_called(host) {
        host.install_benchwarden();
        let _named = host.as_user("alice").spawn("exec -a 'größe 解析 \u{202e}' sleep 4050");
        host.wait_until("it sleeps", |host| host.run("pgrep -U alice -x sleep").status == Some(0));
        let environment = [("TERM", "vt100"), ("LANG", "C")];
        let mut console = host.as_user("root").terminal_with((80, 24), &environment, "LC_ALL=C benchwarden");
        console.wait_for("TREND");
        console.type_text("Sg");
        console.wait_for("> alice");
        console.press(Key::Enter);
        console.wait_for("gr??e ?");
        goes_on(&mut console, "a name is not ASCII");
        answers(&mut console);
        console.press(Key::Esc);
        console.wait_for("TREND");
        only_its_own_sequences(&console);
        let raw = console.raw();
        let other: Vec<u8> = raw.iter().copied().filter(|byte| !byte.is_ascii()).collect();
        assert!(other.is_empty(), "not ASCII: {other:x?}");
        let raw = String::from_utf8(raw).unwrap();
        for sequence in raw.split("\x1b[").skip(1) {
            let codes = sequence.split(|c: char| !c.is_ascii_digit() && c != ';').next().unwrap();
            let colours = sequence[codes.len()..].starts_with('m')
                && codes.split(';').any(|code| code.parse().is_ok_and(|code: u8| code >= 30));
            assert!(!colours, "a colour: {sequence:?}");
        }
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
    }
}

on_debian_12! {
    fn a_connection_that_is_killed_takes_its_console_with_it(host) {
        host.install_benchwarden();
        let mut console = host.as_user("alice").terminal((80, 24), "benchwarden");
        console.wait_for("> alice");
        goes_on(&mut console, "the connection lives");
        host.run("pkill -KILL -f '^sshd.*: alice@pts'").ok();
        host.wait_until("the console is gone", |host| host.run("pgrep -x benchwarden").status == Some(1));
    }
}
