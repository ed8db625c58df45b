//! Homes that are made to mislead whoever changes something in them as root.

use crate::harness::{Host, Release};

/// The key that the harness logs in with.
const KEY: &str = "/root/.ssh/authorized_keys";

/// A trap that is set as root in the home of `$u`, and what the reason has to name.
struct Trap {
    name: &'static str,
    set: &'static str,
    names: &'static str,
}

const TRAPS: [Trap; 9] = [
    Trap {
        name: "lnk",
        set: "ln -s /etc /home/lnk/.ssh",
        names: ".ssh",
    },
    Trap {
        name: "fif",
        set: "mkfifo -m 700 /home/fif/.ssh && chown fif: /home/fif/.ssh",
        names: ".ssh",
    },
    Trap {
        name: "oth",
        set: "mkdir -m 755 /home/oth/.ssh && chown alice: /home/oth/.ssh",
        names: ".ssh",
    },
    Trap {
        name: "hrd",
        set: "install -d -m 700 -o hrd -g hrd /home/hrd/.ssh \
              && ln /home/.precious /home/hrd/.ssh/authorized_keys",
        names: "authorized_keys",
    },
    Trap {
        name: "hru",
        set: "install -d -m 700 -o hru -g hru /home/hru/.ssh \
              && install -m 600 -o hru -g hru /dev/null /home/hru/one \
              && ln /home/hru/one /home/hru/.ssh/authorized_keys",
        names: "authorized_keys",
    },
    Trap {
        name: "akl",
        set: "install -d -m 700 -o akl -g akl /home/akl/.ssh \
              && ln -s /etc/shadow /home/akl/.ssh/authorized_keys",
        names: "authorized_keys",
    },
    Trap {
        name: "akd",
        set: "install -d -m 700 -o akd -g akd /home/akd/.ssh /home/akd/.ssh/authorized_keys",
        names: "authorized_keys",
    },
    Trap {
        name: "akf",
        set: "install -d -m 700 -o akf -g akf /home/akf/.ssh \
              && mkfifo -m 600 /home/akf/.ssh/authorized_keys \
              && chown akf: /home/akf/.ssh/authorized_keys",
        names: "authorized_keys",
    },
    Trap {
        name: "ful",
        set: "mount -t tmpfs -o size=64k,mode=700,uid=$(id -u ful),gid=$(id -g ful) none /home/ful \
              && (dd if=/dev/zero of=/home/ful/full bs=1k 2>/dev/null; true)",
        names: "/home/ful",
    },
];

/// Everything outside the homes that a trap points at.
fn outside(host: &Host) -> String {
    host.run(
        "cat /etc/passwd /etc/shadow | sha256sum; ls -laR --time-style=full-iso /etc/ssh; \
         stat -c '%a %U %G %h %s %y' /home/.precious; cat /home/.precious; ls -ld /etc /etc/shadow; \
         ls -A /etc | grep -e authorized -e benchwarden",
    )
    .stdout
}

#[test]
fn a_home_that_lies_in_wait_is_named_and_nothing_outside_it_changes() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    host.run("install -m 600 /dev/null /home/.precious && echo kept > /home/.precious")
        .ok();
    for trap in &TRAPS {
        host.run(&format!(
            "useradd -m -s /bin/bash {0} && chmod 700 /home/{0} && {1}",
            trap.name, trap.set
        ))
        .ok();
    }
    let before = outside(&host);
    for Trap { name, names, .. } in &TRAPS {
        let inside = format!("find /home/{name} -printf '%p %y %m %U %s %l\\n' | sort");
        let there = host.run(&inside).ok().to_owned();
        let refused = host.run(&format!("benchwarden user key add {name} {KEY} --yes"));
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(matches!(refused.status, Some(1 | 3)), "{name}: {refused}");
        assert!(
            said.contains(names) && said.contains(name),
            "{name}: {refused}"
        );
        assert_eq!(
            host.run(&inside).ok(),
            there,
            "{name}: nothing is left in the home"
        );
        assert_eq!(outside(&host), before, "{name}: {refused}");
    }
    let waiting = host.run("benchwarden undo");
    assert_eq!(waiting.ok(), "no plan waits for a decision\n");

    for Trap { name, .. } in &TRAPS {
        host.run(&format!("benchwarden user suspend {name} --yes"))
            .ok();
        let expires = host.run(&format!("chage -l {name}"));
        assert!(expires.ok().contains("1970"), "{name}: {expires}");
    }
    // Room on the disk is all that was missing.
    host.run("benchwarden user resume ful --yes && rm /home/ful/full")
        .ok();
    host.run(&format!("benchwarden user key add ful {KEY} --yes"))
        .ok();
    assert_eq!(host.as_user("ful").fresh_login("id -un").ok(), "ful\n");
}
