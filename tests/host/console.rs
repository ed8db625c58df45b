//! The console over ssh, as a person uses it.

use crate::harness::{Host, Key, Release, on_both, on_debian_12};
use crate::usage::{BUSY, HOLD, wait_for_memory};

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

on_both! {
    fn a_person_with_a_busy_loop_and_300_mib_is_seen_over_ssh(host) {
        host.install_benchwarden();
        let _busy = host.as_user("alice").spawn(BUSY);
        let _hold = host.as_user("alice").spawn(HOLD);
        wait_for_memory(host, "alice");
        let mut console = host.as_user("root").terminal((80, 24), "benchwarden");
        console.wait_for("alice");
        console.wait_until("alice at one core and 300 MiB", |console| {
            let Some(line) = console.line_with("alice") else { return false };
            let words = words(line.trim_start_matches('>'));
            let cpu: f64 = words[1].parse().unwrap_or(0.0);
            let mib: f64 = words
                .iter()
                .find_map(|word| word.strip_suffix('M')?.parse().ok())
                .unwrap_or(0.0);
            (0.93..1.06).contains(&cpu) && (300.0..335.0).contains(&mib)
        });
        assert!(console.line_with("> alice").is_some(), "who uses most is on top and selected");
        assert!(console.line_with("of 2 cores").is_some());
        assert!(console.line_with("Pressure").is_some());

        console.press(Key::Enter);
        console.wait_until("the loop at one core", |console| {
            let Some(line) = console.line_with("while True: pass") else { return false };
            let cpu = words(line.trim_start_matches('>'))[1].parse();
            cpu.is_ok_and(|cpu: f64| (0.8..1.1).contains(&cpu))
        });
        console.press(Key::Esc);
        console.wait_for("TREND");
        console.type_text("q");
        assert_eq!(console.wait_exit(), 0);
        assert!(!console.alternate() && !console.cursor_hidden(), "the terminal is as it was");
    }
}

fn sudo_opens_it_for_an_admin(host: &Host) {
    let mut console = host.as_user("ada").terminal((80, 24), "sudo benchwarden");
    console.wait_for("password for ada");
    console.type_text("ada-pw\r");
    console.wait_for("> ada");
    console.type_text("a");
    console.wait_for("root ");
    let first = console.line_with("> ").unwrap();
    console.press(Key::Down);
    console.wait_until("another line is selected", |console| {
        console
            .line_with("> ")
            .is_some_and(|line| words(&line)[1] != words(&first)[1])
    });
    console.press(Key::Up);
    console.type_text("q");
    assert_eq!(console.wait_exit(), 0);
}

fn it_works_without_colour_and_utf8_on_a_vt100_and_through_a_resize(host: &Host) {
    let environment = [("TERM", "vt100"), ("LANG", "C")];
    let mut console =
        host.as_user("alice")
            .terminal_with((80, 24), &environment, "LC_ALL=C benchwarden");
    console.wait_for("> alice");
    let text = console.text();
    assert!(text.is_ascii(), "{text}");
    let name = console.cell_at("alice").unwrap();
    assert_eq!(name.fgcolor(), vt100::Color::Default);
    assert!(
        name.inverse(),
        "the selected line is reversed, not coloured"
    );
    console.type_text("?");
    console.wait_for("draw the screen again");
    console.resize(120, 40);
    console.wait_for("WRITE/s");
    console.resize(30, 8);
    console.wait_for("needs 40x10");
    console.resize(80, 24);
    console.wait_for("draw the screen again");
    console.press(Key::Ctrl('c'));
    assert_eq!(console.wait_exit(), 0);
}

fn a_kill_leaves_the_terminal_as_it_was(host: &Host) {
    let command = "stty -g; benchwarden; echo; echo status $?; stty -g";
    let console = host.as_user("alice").terminal((80, 24), command);
    console.wait_for("> alice");
    assert!(console.alternate());
    host.run("pkill -TERM -x benchwarden").ok();
    console.wait_for("status 0");
    console.wait_until("both settings on the screen", |console| {
        let settings: Vec<String> = console
            .text()
            .lines()
            .filter(|line| line.matches(':').count() > 20)
            .map(str::to_owned)
            .collect();
        settings.len() == 2 && settings[0] == settings[1]
    });
    assert!(!console.alternate() && !console.cursor_hidden());
}

on_debian_12! {
    fn it_serves_every_terminal_and_leaves_it_as_it_was(host) {
        host.install_benchwarden();
        sudo_opens_it_for_an_admin(host);
        it_works_without_colour_and_utf8_on_a_vt100_and_through_a_resize(host);
        a_kill_leaves_the_terminal_as_it_was(host);
    }
}
