//! Onboarding and an end of access through the screens, by keys alone, on a real host.

use crate::harness::{Host, Key, Release, Terminal};

/// Approves the plan that is shown, once it is, and waits for its end.
fn approve(console: &mut Terminal, intent: &str) {
    console.wait_for(intent);
    console.wait_for("y ");
    console.type_text("y");
    console.wait_for(&format!("Done: {intent}"));
    console.press(Key::Esc);
}

#[test]
fn a_colleague_comes_goes_and_comes_back_by_keys_alone() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let key = host
        .run("head -n 1 /root/.ssh/authorized_keys")
        .ok()
        .trim()
        .to_owned();
    let mut console = host.as_user("root").terminal((80, 24), "benchwarden");
    console.wait_for("TREND");
    console.type_text("u");
    console.wait_for("LAST LOGIN");
    console.wait_for("alice");
    console.type_text("n");
    console.wait_for("full name");
    console.type_text("Eve Adams");
    console.wait_for("eve.adams");
    // The account's name is as suggested; e-mail is left out, the shell is the usual one.
    console.type_text("\t\t\tusers\t\t");
    // As a terminal pastes it.
    console.type_text(&format!("\x1b[200~{key}\x1b[201~"));
    console.wait_for("SHA256:");
    console.press(Key::Enter);
    approve(&mut console, "add user eve.adams");
    let eve = host.as_user("eve.adams");
    assert_eq!(
        eve.fresh_login("id -un").ok(),
        "eve.adams\n",
        "by her new key"
    );
    assert!(host.run("id -nG eve.adams").ok().contains("users"));

    console.type_text("/eve");
    console.press(Key::Enter);
    console.wait_for("> eve.adams");
    console.type_text("x");
    approve(&mut console, "suspend user eve.adams");
    assert_eq!(eve.fresh_login("true").status, Some(255), "suspended");
    console.wait_for("suspended");
    console.type_text("x");
    approve(&mut console, "resume user eve.adams");
    assert_eq!(eve.fresh_login("id -un").ok(), "eve.adams\n", "resumed");

    // A dialogue that is left has no effect.
    console.type_text("d");
    console.wait_for("/root/eve.adams.tar.zst");
    console.press(Key::Esc);
    console.wait_for("LAST LOGIN");
    assert_eq!(host.run("id eve.adams").status, Some(0));
    console.type_text("q");
    assert_eq!(console.wait_exit(), 0);
    an_interrupted_plan_is_finished_and_one_is_taken_back(&host);
    host.run("benchwarden audit verify").ok();
    let log = host.run("benchwarden audit log --user eve.adams");
    assert_eq!(log.ok().matches("  done: ").count(), 3, "{log}");
}

/// A plan is killed while it waits for the account files; the console says so, and goes on.
fn an_interrupted_plan_is_finished_and_one_is_taken_back(host: &Host) {
    let held = host.run(
        "setsid python3 -c 'import fcntl, time; f = open(\"/etc/.pwd.lock\", \"w\"); \
         fcntl.lockf(f, fcntl.LOCK_EX); open(\"/run/held\", \"w\"); time.sleep(600)' \
         >/dev/null 2>&1 </dev/null & echo $!",
    );
    host.run("until test -e /run/held; do sleep 0.1; done").ok();
    host.run(
        "setsid benchwarden user add gwen --groups games --yes >/root/gwen 2>&1 </dev/null & \
         until pgrep -x useradd || grep . /root/gwen; do sleep 0.1; done; \
         pkill -KILL -x benchwarden; pkill -KILL -x useradd",
    )
    .ok();
    host.run(&format!("kill {}", held.ok().trim())).ok();
    assert_eq!(host.run("id gwen").status, Some(1));
    let mut console = host.as_user("root").terminal((80, 24), "benchwarden");
    console.wait_for("p shows a plan that was interrupted: add user gwen");
    console.type_text("p");
    console.wait_for("all of 3 steps");
    assert!(console.line_with("did not").is_some());
    console.type_text("f");
    console.wait_for("y do it");
    approve(&mut console, "finish ");
    assert!(host.run("id -nG gwen").ok().contains("games"));
    console.wait_for("none waits for a decision");
    console.wait_for("finished");
    // The plan that finished it stands first; it can be taken back.
    console.press(Key::Home);
    console.type_text("U");
    console.wait_for("y do it");
    approve(&mut console, "undo ");
    assert_eq!(host.run("id gwen").status, Some(1));
    console.type_text("q");
    assert_eq!(console.wait_exit(), 0);
}
