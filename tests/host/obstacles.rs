//! What stands in the way of a change, from a full disk to another admin: told in words, with
//! nothing half done, and gone when it is gone.

use crate::harness::{Host, Release};

/// Runs a command where `/etc` is something else, for it alone.
fn where_etc_is(mount: &str, command: &str) -> String {
    format!("unshare -m --propagation private sh -c '{mount} && exec {command}'")
}

/// A copy of `/etc` on a disk of its own, with no room left.
const FULL: &str = "mount -t tmpfs -o size=16m,mode=755 none /mnt && cp -a /etc/. /mnt/ \
                    && mount --move /mnt /etc; dd if=/dev/zero of=/etc/full bs=4k 2>/dev/null; true";
const READ_ONLY: &str = "mount --bind /etc /etc && mount -o remount,bind,ro /etc";
/// The root file system without a block left, for root either.
const FILL: &str = "fallocate -l $(( $(stat -f -c '%f*%S' /) - (1 << 20) )) /full; \
                    dd if=/dev/zero of=/full.2 bs=4k 2>/dev/null; sync; \
                    dd if=/dev/zero of=/full.3 bs=4k 2>/dev/null; true";

/// The account is not there, the files are whole, and no plan is left open.
fn nothing_is_half_done(host: &Host, name: &str) {
    let said = host.run(&format!(
        "getent passwd {name}; getent group {name}; ls -d /home/{name} /home/.{name}* 2>/dev/null; \
         ls -A /etc | grep -E '^(passwd|shadow|group|gshadow|subuid|subgid)[.+](lock|[0-9]+)|benchwarden'; \
         pwck -r 2>&1 | grep -v -e 'does not exist' -e 'no changes'; grpck -r 2>&1; \
         grep -h ^{name}: /etc/subuid /etc/subgid; benchwarden audit verify >/dev/null || echo audit; \
         benchwarden undo"
    ));
    assert_eq!(said.stdout, "no plan waits for a decision\n", "{said}");
}

fn last_receipt(host: &Host) -> String {
    host.run("tail -n 1 \"$(ls /var/lib/benchwarden/receipts/* | tail -n 1)\"")
        .ok()
        .to_owned()
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_leaves_nothing_half_done() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let add = "benchwarden user add eve --full-name Eve --groups users --yes";
    for (mount, why) in [(FULL, "No space left"), (READ_ONLY, "ead-only")] {
        let failed = host.run(&where_etc_is(mount, add));
        let said = format!("{}{}", failed.stdout, failed.stderr);
        assert_eq!(failed.status, Some(1), "{failed}");
        assert!(
            said.contains(why) || said.contains("cannot"),
            "{why}: {failed}"
        );
        assert!(said.contains("useradd failed"), "{why}: {failed}");
        assert!(last_receipt(&host).contains("rolled_back"), "{failed}");
        nothing_is_half_done(&host, "eve");
    }
    // Not even the receipt can be written: then nothing is begun.
    let failed = host.run(&format!("{FILL}; {add}; e=$?; rm -f /full*; exit $e"));
    assert!(failed.fails_with(1).contains("space"), "{failed}");
    nothing_is_half_done(&host, "eve");
    host.run(add).ok();
    host.run("benchwarden audit verify").ok();
}

/// Holds the lock of the account files, as vipw does.
const HOLD: &str = "python3 -c 'import fcntl, time; f = open(\"/etc/.pwd.lock\", \"w\"); \
                    fcntl.lockf(f, fcntl.LOCK_EX); open(\"/run/held\", \"w\"); time.sleep(600)'";

#[test]
fn others_who_change_accounts_are_waited_for_or_named() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let add = "benchwarden user add eve --groups users --yes";
    let held = host.run(&format!(
        "setsid {HOLD} >/dev/null 2>&1 </dev/null & echo $!"
    ));
    host.run("until test -e /run/held; do sleep 0.1; done").ok();
    let failed = host.run(add);
    let said = format!("{}{}", failed.stdout, failed.fails_with(1));
    assert!(
        said.contains("another program is changing accounts: try again"),
        "{failed}"
    );
    assert!(last_receipt(&host).contains("rolled_back"), "{failed}");
    host.run(&format!("kill {}", held.ok().trim())).ok();
    nothing_is_half_done(&host, "eve");

    // By hand, again and again, while plans run: useradd waits for its lock by itself.
    host.run(
        "setsid sh -c 'while ! test -e /run/enough; do useradd byhand; \
         r=$(sed -n s/^byhand://p /etc/subuid); \
         test -z \"$r\" || test $(grep -c \":$r\\$\" /etc/subuid) = 1 || cat /etc/subuid >> /root/twice; \
         userdel byhand; done' >/dev/null 2>&1 </dev/null &",
    )
    .ok();
    for command in [add, "benchwarden user remove eve --delete-home --yes"].repeat(3) {
        goes_through(&host, command);
    }
    host.run("touch /run/enough; while pgrep -f 'useradd byhan[d]'; do sleep 0.1; done; userdel byhand 2>/dev/null; true")
        .ok();
    nothing_is_half_done(&host, "eve");
    let twice = host.run("cat /root/twice");
    assert_eq!(
        twice.status,
        Some(1),
        "a range that is two people's: {twice}"
    );
    two_admins_take_turns(&host);
}

/// A plan is done, or somebody was faster: then nothing of it is, and another one is.
fn goes_through(host: &Host, command: &str) {
    for _ in 0..5 {
        let said = host.run(command);
        if said.status == Some(0) {
            return;
        }
        assert!(
            said.fails_with(1).contains("another program was faster"),
            "{said}"
        );
        assert!(last_receipt(host).contains("rolled_back"), "{said}");
    }
    panic!("somebody was always faster: {command}");
}

/// The second waits, says for whom and for what, and then does its own.
fn two_admins_take_turns(host: &Host) {
    let held = host.run(&format!(
        "rm -f /run/held; setsid {HOLD} >/dev/null 2>&1 </dev/null & echo $!"
    ));
    host.run("until test -e /run/held; do sleep 0.1; done").ok();
    host.run(
        "setsid benchwarden user add first --yes >/root/first 2>&1 </dev/null &
         until pgrep -x useradd; do sleep 0.1; done",
    )
    .ok();
    host.run(
        "setsid benchwarden user add second --yes >/root/second 2>&1 </dev/null &
         until grep waiting /root/second; do sleep 0.1; done",
    )
    .ok();
    let second = host.run("cat /root/second");
    assert!(
        second.ok().contains("waiting for root") && second.ok().contains("add user first"),
        "{second}"
    );
    host.run(&format!("kill {}", held.ok().trim())).ok();
    host.wait_until("both are done", |host| {
        host.run("grep -l ^done /root/first /root/second").status == Some(0)
            && host.run("getent passwd first second | wc -l").ok() == "2\n"
    });
    nothing_is_half_done(host, "nobody-of-this-name");
}
