//! Accounts and groups on a real host: what a plan does is what the host's own tools then say, by
//! every way in.

use serde_json::Value;

use crate::harness::{Host, Release, on_both, on_debian_12};

/// The key that the harness logs in with opens every account that is given it.
const KEY: &str = "/root/.ssh/authorized_keys";

/// Runs a changing verb without asking; it has to work.
fn change(host: &Host, verb: &str) -> Value {
    host.run(&format!("benchwarden {verb} --yes --json")).json()
}

/// The account files parse, agree with each other, and the audit log is whole.
fn is_sound(host: &Host) {
    // pwck speaks of homes that are not there: Debian's own accounts have some.
    let pwck = host.run("pwck -r 2>&1 | grep -v 'does not exist' | grep -v 'no changes'; true");
    assert_eq!(pwck.ok().trim(), "", "{pwck}");
    let grpck = host.run("grpck -r 2>&1; true");
    assert_eq!(grpck.ok().trim(), "", "{grpck}");
    host.run("benchwarden audit verify").ok();
}

/// One item of an account, as the host's own tools tell it.
fn items(host: &Host, name: &str) -> Vec<String> {
    [
        format!("getent passwd {name}"),
        format!("id {name}"),
        format!("getent shadow {name}"),
        format!("chage -l {name}"),
        "ls /var/lib/systemd/linger".to_owned(),
        format!("crontab -l -u {name}"),
        format!("cat ~{name}/.ssh/authorized_keys"),
        format!("find /var/spool/cron/atjobs -user {name} -printf '%f %m %u\\n' | sort"),
    ]
    .iter()
    .map(|command| format!("{command}\n{}", host.run(command).stdout))
    .collect()
}

on_debian_12! {
    fn onboarding_leaves_nothing_to_do_by_hand(host) {
        host.install_benchwarden();
        let done = change(host, &format!(
            "user add eve.adams --full-name 'Eve Adams' --email eve@example.org --groups users \
             --ssh-key {KEY} --expires 2030-01-01"
        ));
        assert_eq!(done["result"], "done", "{done:#}");
        let passwd = host.run("getent passwd eve.adams");
        assert!(passwd.ok().contains(":Eve Adams,,,,eve@example.org:/home/eve.adams:/bin/bash"), "{passwd}");
        assert_eq!(host.as_user("eve.adams").fresh_login("id -un; pwd").ok(), "eve.adams\n/home/eve.adams\n");
        assert_eq!(host.run("stat -c '%a %U %G' /home/eve.adams").ok().trim(), "700 eve.adams eve.adams");
        assert_eq!(host.run("stat -c '%a %U' /home/eve.adams/.ssh/authorized_keys").ok().trim(), "600 eve.adams");
        assert!(host.run("id eve.adams").ok().contains("users"));
        assert!(host.run("chage -l eve.adams").ok().contains("Jan 01, 2030"));
        is_sound(host);

        let id = done["plan"].as_str().unwrap().to_owned();
        let again = host.run("benchwarden user add eve.adams --yes");
        assert!(again.fails_with(3).contains("is an account on this host"), "{again}");
        host.run("pkill -KILL -U eve.adams; sleep 1; true").ok();
        change(host, &format!("undo {id}"));
        assert_eq!(host.run("getent passwd eve.adams").status, Some(2), "undone");
        assert_eq!(host.run("getent group eve.adams").status, Some(2), "undone");
        is_sound(host);
    }
}

on_debian_12! {
    fn a_whole_list_comes_in_or_nobody_does(host) {
        host.install_benchwarden();
        let bad = "name,groups,shell\nlist.one,users,\nroot,,/bin/nosuch\n";
        host.put(bad.as_bytes(), "/root/bad.csv", 0o600);
        let refused = host.run("benchwarden user add --from /root/bad.csv --yes");
        let why = refused.fails_with(3);
        assert!(why.contains("/root/bad.csv:3: name: root is") && why.contains("3: shell: "), "{refused}");
        assert_eq!(host.run("getent passwd list.one").status, Some(2), "nobody is added");
        let list = format!(
            "name,full_name,groups,ssh_key,generate_password,must_change\n\
             list.one,List One,users,{KEY},,\nlist.two,,users,,yes,yes\n"
        );
        host.put(list.as_bytes(), "/root/people.csv", 0o600);
        host.run("install -d /etc/benchwarden; echo 'Hi {name} on {host}' > /etc/benchwarden/welcome.txt").ok();
        let done = host.run("benchwarden user add --from /root/people.csv --yes --json");
        let (document, told) = (done.json(), &done.stderr);
        assert_eq!(document["result"], "done", "{document:#}");
        let people = document["people"].as_array().unwrap();
        assert!(people[0]["welcome"].as_str().unwrap().starts_with("Hi list.one on "));
        assert_eq!(host.as_user("list.one").fresh_login("id -un").ok(), "list.one\n");
        assert!(host.run("id list.one").ok().contains("users"));
        assert!(host.run("id list.two").ok().contains("users"));
        assert!(host.run("chage -l list.two").ok().contains("must be changed"));
        let (_, password) = told.split_once("password of list.two, shown this once: ").unwrap();
        let password = password.lines().next().unwrap();
        let kept = host.run(&format!("grep -rlF -- {password} /var/log/benchwarden /var/lib/benchwarden; true"));
        assert_eq!(kept.ok(), "", "it is kept nowhere");
        is_sound(host);
        host.run("pkill -KILL -U list.one; sleep 1; true").ok();
        // The last one first: they share a group.
        for one in people.iter().rev() {
            change(host, &format!("undo {}", one["plan"].as_str().unwrap()));
        }
        assert_eq!(host.run("getent passwd list.one list.two").status, Some(2), "undone");
        host.run("rm -r /etc/benchwarden").ok();
        is_sound(host);
    }
}

on_both! {
    fn suspension_ends_every_way_in_and_resuming_brings_everything_back(host) {
        host.install_benchwarden();
        host.run("loginctl enable-linger alice").ok();
        host.run("echo 'alice ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/alice && chmod 440 /etc/sudoers.d/alice").ok();
        let alice = host.as_user("alice");
        alice.run("printf '0 4 * * 0 /bin/true\\n' | crontab -").ok();
        alice.run("echo /bin/true | at 04:00 tomorrow 2>&1").ok();
        alice.run("tmux new-session -d 'sleep 4001'").ok();
        assert_eq!(alice.password_login("alice-pw", "true").status, Some(0));
        let before = items(host, "alice");

        let done = change(host, "user suspend alice");
        assert_eq!(done["result"], "done", "{done:#}");
        assert_eq!(host.run("pgrep -U alice").status, Some(1), "nothing of hers runs");
        assert_eq!(alice.fresh_login("true").status, Some(255), "by key");
        assert_eq!(alice.password_login("alice-pw", "true").status, Some(255), "by password");
        let sudo = host.run("setpriv --reuid alice --regid alice --init-groups sudo -n true 2>&1; echo $?");
        assert!(!sudo.ok().trim().ends_with("\n0") && sudo.ok().trim() != "0", "by sudo: {sudo}");
        assert_eq!(host.run("crontab -l -u alice").status, Some(1), "by cron");
        assert_eq!(host.run("find /var/spool/cron/atjobs -user alice -type f").ok(), "", "by at");
        assert_eq!(host.run("ls /var/lib/systemd/linger").ok().trim(), "lin");
        let twice = host.run("benchwarden user suspend alice --yes");
        assert!(twice.fails_with(3).contains("suspended already"), "{twice}");
        is_sound(host);

        let back = change(host, "user resume alice");
        assert_eq!(back["result"], "done", "{back:#}");
        host.wait_until("the manager of alice lingers again", |host| {
            host.run("systemctl is-active user@1001.service").status == Some(0)
        });
        for (before, after) in before.iter().zip(items(host, "alice")) {
            assert_eq!(*before, after);
        }
        assert_eq!(alice.fresh_login("sudo -n id -u").ok(), "0\n");
        assert_eq!(alice.password_login("alice-pw", "true").status, Some(0));
        is_sound(host);
    }
}

on_both! {
    fn removal_packs_the_home_and_hands_nothing_on(host) {
        host.install_benchwarden();
        let bob = host.as_user("bob");
        bob.run("mkdir -p data/deep && seq 1 50000 > data/deep/numbers && ln -s /etc data/link \
                 && setfacl -m u:carol:r data/deep/numbers && printf '0 4 * * 0 /bin/true\\n' | crontab -").ok();
        host.run("mkdir -p /srv/project && chown bob /srv/project").ok();
        let tree = host.run("cd /home && find bob -printf '%p %m %U:%G %l\\n' | sort; getfacl -pn /home/bob/data/deep/numbers; sha256sum < /home/bob/data/deep/numbers");
        let uid = host.run("id -u bob").ok().trim().to_owned();
        let range = host.run("grep ^bob: /etc/subuid | cut -d: -f2").ok().trim().to_owned();
        let _runs = bob.spawn("sleep 4002");

        let plan = host.run("benchwarden user remove bob --archive /srv/bob.tar.zst --dry-run");
        assert!(plan.ok().contains("cannot be undone"), "{plan}");
        assert!(host.run("id bob").status == Some(0), "a dry run changes nothing");
        let done = change(host, "user remove bob --archive /srv/bob.tar.zst");
        assert_eq!(done["result"], "done", "{done:#}");
        assert_eq!(host.run("id bob").status, Some(1));
        assert_eq!(host.run("ls -d /home/bob").status, Some(2));
        assert!(host.run("ls /etc/passwd /etc/hostname").status == Some(0), "no link was followed");
        assert_eq!(host.run("stat -c %u /srv/project").ok().trim(), uid, "outside the home nothing changes");
        assert_eq!(host.run("stat -c %a /srv/bob.tar.zst").ok().trim(), "600");
        is_sound(host);

        // The archive is everything: unpacked elsewhere it is the same tree.
        host.run("python3 - <<'E'\nimport ctypes.util, ctypes as c\nz = c.CDLL(ctypes.util.find_library('zstd'))\n\
                  d = open('/srv/bob.tar.zst', 'rb').read()\nn = 64 << 20\nb = c.create_string_buffer(n)\n\
                  z.ZSTD_decompress.restype = c.c_size_t\nr = z.ZSTD_decompress(b, c.c_size_t(n), d, c.c_size_t(len(d)))\n\
                  open('/tmp/bob.tar', 'wb').write(b.raw[:r])\nE\n\
                  mkdir /tmp/unpacked && tar -xpf /tmp/bob.tar --acls --numeric-owner -C /tmp/unpacked").ok();
        let unpacked = host.run("cd /tmp/unpacked && find bob -printf '%p %m %U:%G %l\\n' | sort; getfacl -pn /tmp/unpacked/bob/data/deep/numbers; sha256sum < /tmp/unpacked/bob/data/deep/numbers");
        let same = |text: &str| text.replace("/tmp/unpacked/", "/home/");
        assert_eq!(same(unpacked.ok()), tree.ok(), "restored");

        change(host, "user add newcomer");
        assert_ne!(host.run("id -u newcomer").ok().trim(), uid, "the uid is not handed on");
        host.run("useradd -m byhand").ok();
        let ranges = host.run("cut -d: -f2 /etc/subuid").ok().to_owned();
        let same = ranges.lines().filter(|line| *line == range).count();
        assert_eq!(same, 1, "the range is kept: {ranges}");
        let stolen = host.run(&format!("benchwarden user add thief --uid {uid} --yes"));
        assert!(stolen.fails_with(3).contains("bob"), "{stolen}");
    }
}

on_debian_12! {
    fn files_elsewhere_go_to_somebody_and_come_back(host) {
        host.install_benchwarden();
        let bob = host.as_user("bob");
        host.run("mkdir -p /srv/project && chown bob: /srv/project").ok();
        bob.run("echo x > /srv/project/data && ln -s /etc/shadow /srv/project/link \
                 && ln /srv/project/data /tmp/again && cp /bin/true /srv/project/prog \
                 && chmod 4755 /srv/project/prog").ok();
        host.run("echo 'bob ALL=(ALL) ALL' > /etc/sudoers.d/bob && chmod 440 /etc/sudoers.d/bob").ok();
        let uid = host.run("id -u bob").ok().trim().to_owned();
        let shadow = host.run("stat -c '%u %a' /etc/shadow").ok().to_owned();
        let owners = "stat -c '%n %u %a' /srv/project /srv/project/* /tmp/again";

        let plan = host.run("benchwarden user remove bob --archive /srv/bob.tar.zst --give-files carol --dry-run --json").json();
        assert!(plan["belongings"]["outside"]["files"].as_u64() >= Some(4), "{plan:#}");
        assert_eq!(plan["belongings"]["sudo"][0]["file"], "/etc/sudoers.d/bob", "{plan:#}");
        let done = change(host, "user remove bob --archive /srv/bob.tar.zst --give-files carol");
        assert_eq!(done["result"], "done", "{done:#}");
        let carol = host.run("id -u carol").ok().trim().to_owned();
        let given = host.run(owners);
        assert!(given.ok().lines().all(|line| line.contains(&format!(" {carol} "))), "{given}");
        assert!(given.ok().contains("/srv/project/prog"), "{given}");
        assert!(!given.ok().contains(" 4755"), "nobody runs as carol: {given}");
        assert_eq!(host.run("stat -c '%u %a' /etc/shadow").ok(), shadow, "no link was followed");
        assert_eq!(host.run(&format!("find / -xdev -uid {uid} -not -path '/var/lib/benchwarden/*' -not -path '/proc/*'")).ok(), "");
        is_sound(host);

        change(host, &format!("undo {}", done["plan"].as_str().unwrap()));
        let back = host.run(owners);
        assert!(back.ok().lines().all(|line| line.contains(&format!(" {uid} "))), "{back}");
        assert_eq!(host.run("id bob").status, Some(1), "the account stays removed");
    }
}

on_debian_12! {
    fn an_archive_that_is_stopped_leaves_everything_as_it_was(host) {
        host.install_benchwarden();
        host.run("head -c 300M /dev/vda > /home/bob/big; chown bob: /home/bob/big").ok();
        let before = items(host, "bob");
        let stopped = host.run(
            "benchwarden user remove bob --archive /srv/bob.tar.zst --yes & pid=$!; \
             until [ -s /srv/bob.tar.zst.partial ]; do sleep 0.1; done; kill -TERM $pid; wait $pid",
        );
        assert!(stopped.stdout.contains("stopped; everything is as it was before"), "{stopped}");
        assert_eq!(stopped.status, Some(1), "{stopped}");
        assert_eq!(host.run("ls /srv/bob.tar.zst /srv/bob.tar.zst.partial").status, Some(2));
        assert_eq!(host.run("stat -c %s /home/bob/big").ok().trim(), "314572800");
        for (before, after) in before.iter().zip(items(host, "bob")) {
            assert_eq!(*before, after);
        }
        let log = host.run("benchwarden audit log --json").ok().to_owned();
        assert!(log.contains("stopped as asked"), "{log}");
        is_sound(host);
    }
}

#[test]
fn nobody_is_locked_out() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    for (verb, why) in [
        ("user suspend root", "uid 0"),
        ("user remove daemon --keep-home", "account of the system"),
        ("user suspend dirk", "comes from a directory"),
        ("user suspend nobody-here", "is nobody on this host"),
        ("group remove sudo", "group of the system"),
        ("user add sshd", "is an account on this host"),
        ("user add docker", "name of the system"),
    ] {
        let refused = host.run(&format!("benchwarden {verb} --yes"));
        assert!(refused.fails_with(3).contains(why), "{verb}: {refused}");
    }
    // ada is the only admin of the image.
    let last = host.run("benchwarden user suspend ada --yes");
    assert!(last.fails_with(3).contains("last admin"), "{last}");
    let last = host.run("benchwarden group leave sudo ada --yes");
    assert!(
        last.fails_with(3).contains("nobody would administer"),
        "{last}"
    );
    change(&host, "group join sudo alice");
    // ssh counts: the login uid stays hers under sudo.
    host.run(
        "echo 'ada ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ada && chmod 440 /etc/sudoers.d/ada",
    )
    .ok();
    let herself = host
        .as_user("ada")
        .fresh_login("sudo -n benchwarden user suspend ada --yes");
    assert!(herself.fails_with(3).contains("is you"), "{herself}");
    let plain = host
        .as_user("bob")
        .run("benchwarden user suspend alice --yes");
    assert_eq!(plain.status, Some(3), "{plain}");
    let asked = host.run("benchwarden user suspend bob < /dev/null");
    assert!(
        asked.fails_with(3).contains("nobody is there to approve"),
        "{asked}"
    );
    assert_eq!(host.run("id alice").status, Some(0));
    is_sound(&host);
}

#[test]
fn groups_and_their_members() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    change(&host, "group add model-lab --members alice,dirk");
    assert!(
        host.run("getent group model-lab")
            .ok()
            .trim()
            .ends_with(":alice,dirk")
    );
    change(&host, "group join model-lab bob");
    change(&host, "group leave model-lab alice");
    assert!(
        host.run("getent group model-lab")
            .ok()
            .trim()
            .ends_with(":dirk,bob")
    );
    change(&host, "user modify bob --groups model-lab,games");
    assert_eq!(host.run("id -nG bob").ok().trim(), "bob games model-lab");
    let stranger = host.run("benchwarden group leave model-lab alice --yes");
    assert!(stranger.fails_with(3).contains("no member"), "{stranger}");
    let done = change(&host, "group remove model-lab");
    assert_eq!(host.run("getent group model-lab").status, Some(2));
    change(&host, &format!("undo {}", done["plan"].as_str().unwrap()));
    let members = host.run("getent group model-lab").ok().trim().to_owned();
    assert!(
        members.contains("bob") && members.contains("dirk"),
        "{members}"
    );
    is_sound(&host);
}

#[test]
fn the_audit_log_says_who_and_an_edited_line_is_found() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    host.run(
        "echo 'ada ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ada && chmod 440 /etc/sudoers.d/ada",
    )
    .ok();
    let made = host.as_user("ada").fresh_login(
        "echo 'hunter2-Secret' | sudo -n benchwarden user add eve --password-stdin --must-change --yes",
    );
    made.ok();
    let log = host.run("benchwarden audit log --json").json();
    let last = log["records"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["actor"]["user"], "ada", "{last:#}");
    assert_eq!(last["actor"]["sudo_user"], "ada", "{last:#}");
    assert_eq!(last["actor"]["from"], "10.0.2.2", "{last:#}");
    assert_eq!(
        (last["result"].as_str(), last["about"].as_str()),
        (Some("done"), Some("eve"))
    );
    assert_eq!(
        host.as_user("eve")
            .password_login("hunter2-Secret", "true")
            .status,
        Some(1),
        "has to change it first"
    );
    let leaked = host.run("grep -rl -e hunter2 -e '\\$y\\$' /var/log/benchwarden /var/lib/benchwarden; journalctl -t benchwarden | grep hunter2");
    assert_eq!(leaked.stdout, "", "no password is written down");
    assert!(
        host.run("journalctl -t benchwarden")
            .ok()
            .contains("done: add user eve by ada")
    );
    change(&host, "group join users eve");
    host.run("benchwarden audit verify").ok();
    host.run("cp /var/log/benchwarden/audit.jsonl /root/audit")
        .ok();
    for (edit, found) in [
        ("sed -i '2s/eve/bob/'", "record 2"),
        ("sed -i 2d", "record 2 is missing"),
        ("sed -i '$d'", "missing after it"),
        ("sed -i '2{h;d};3{G}'", "record 2 is missing"),
    ] {
        host.run(&format!("{edit} /var/log/benchwarden/audit.jsonl"))
            .ok();
        let verify = host.run("benchwarden audit verify");
        assert_eq!(verify.status, Some(4), "{edit}: {verify}");
        assert!(verify.stdout.contains(found), "{edit}: {verify}");
        host.run("cp /root/audit /var/log/benchwarden/audit.jsonl")
            .ok();
    }
    host.run("benchwarden audit verify").ok();
}
