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
    host.run("benchwarden audit verify").ok();
    let log = host.run("benchwarden audit log --user eve.adams");
    assert_eq!(log.ok().matches("  done: ").count(), 3, "{log}");
}
