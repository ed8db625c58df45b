//! Names and full names as somebody might type or paste them: those the program accepts work in
//! every tool, and of those it refuses no tool ever hears.

use std::collections::BTreeSet;
use std::time::Duration;

use benchwarden::base::account::{FullName, NewName};

use crate::harness::{Host, Release};

const PLAIN: &str = "abz09_-.";
const HOSTILE: &str = "AZ$:/ \n\t*?éß王\u{202e}\u{200b}\u{1b}\u{7f}@+,~!'\"\\;|&=%#(`";

/// All of a list, one after the other, on a slow machine.
const ALL: Duration = Duration::from_secs(300);

/// The same numbers every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn text(&mut self, from: &str, longest: usize) -> String {
        let all: Vec<char> = from.chars().collect();
        let length = 1 + self.below(longest);
        (0..length).map(|_| all[self.below(all.len())]).collect()
    }
}

/// Names as the edges of the rules suggest them, and generated ones.
fn names() -> (Vec<String>, Vec<String>) {
    let mut dice = Dice(20);
    let edges = [
        "_", "a", "a-", "_.a", "a.b-c_d", "z9", "", "-a", ".", "..", "a.", "a..b", "0a",
    ];
    let mut all: BTreeSet<String> = edges.iter().map(|name| (*name).to_owned()).collect();
    all.extend([31, 32, 33].map(|length| "m".repeat(length)));
    while all.len() < 36 {
        let name = dice.text(PLAIN, 34);
        let mut hostile: Vec<char> = name.chars().collect();
        let bad = dice.text(HOSTILE, 1);
        hostile.insert(dice.below(hostile.len() + 1), bad.chars().next().unwrap());
        all.insert(name);
        all.insert(hostile.into_iter().collect());
    }
    all.into_iter()
        .partition(|name| NewName::user(name).is_ok())
}

/// Each followed by a NUL, for `read -d ''`.
fn listed(words: &[String]) -> Vec<u8> {
    words
        .iter()
        .flat_map(|word| [word.as_bytes(), b"\0"].concat())
        .collect()
}

/// Runs a command for each word of a list; its lines come back.
fn for_each(host: &Host, words: &[String], command: &str) -> Vec<String> {
    host.put(&listed(words), "/root/words", 0o600);
    let script = format!("while IFS= read -r -d '' w; do {command}; done < /root/words");
    host.put(script.as_bytes(), "/root/each", 0o600);
    let said = host.as_user("root").run_with("bash /root/each", &[], ALL);
    let lines: Vec<String> = said.ok().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), words.len(), "{lines:#?}");
    lines
}

/// A tool that tells that it was asked, in the place of the real one.
const TELLTALE: &str = "printf '#!/bin/sh\\ntouch /run/asked\\nexit 1\\n' > /root/telltale \
                        && chmod 755 /root/telltale \
                        && for tool in useradd usermod groupadd chpasswd; do \
                           mount --bind /root/telltale /usr/sbin/$tool; done";
const REAL_AGAIN: &str =
    "umount /usr/sbin/useradd /usr/sbin/usermod /usr/sbin/groupadd /usr/sbin/chpasswd";

#[test]
fn accepted_names_work_everywhere_and_no_tool_hears_of_the_others() {
    let (accepted, refused) = names();
    assert!(
        accepted.len() > 8 && refused.len() > 16,
        "{} {}",
        accepted.len(),
        refused.len()
    );
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();

    host.run(TELLTALE).ok();
    let command = "benchwarden user add --yes -- \"$w\" </dev/null >/root/out 2>&1; \
                   echo \"$? $(grep -c 'cannot be a user name' /root/out)\"";
    for (name, said) in refused.iter().zip(for_each(&host, &refused, command)) {
        assert_eq!(said, "2 1", "{name:?}");
    }
    let mut dice = Dice(7);
    let fields: Vec<String> = (0..12)
        .map(|_| dice.text(&format!("{PLAIN}{HOSTILE}"), 6))
        .collect();
    let (good, bad): (Vec<String>, Vec<String>) = fields
        .into_iter()
        .partition(|text| FullName::parse(text).is_ok());
    let command = "benchwarden user add eve --yes --full-name=\"$w\" </dev/null >/root/out 2>&1; \
                   echo \"$? $(grep -c 'cannot be a full name' /root/out)\"";
    for (name, said) in bad.iter().zip(for_each(&host, &bad, command)) {
        assert_eq!(said, "2 1", "{name:?}");
    }
    assert_eq!(
        host.run("ls /run/asked").status,
        Some(2),
        "no tool was asked"
    );
    assert_eq!(host.run("ls /var/lib/benchwarden/receipts").status, Some(2));
    host.run(REAL_AGAIN).ok();

    // What the program runs, and whom every tool then takes for somebody.
    let command = "{ useradd --no-create-home --user-group -- \"$w\" && getent passwd \"$w\" \
                   && su -c true \"$w\" && ! crontab -l -u \"$w\" 2>&1 | grep -v '^no crontab for' \
                   && ! loginctl show-user \"$w\" 2>&1 | grep -i -e 'look up' -e invalid \
                   && chage -l \"$w\" && gpasswd -a \"$w\" users && userdel -- \"$w\"; } >/root/out 2>&1; \
                   echo \"$? $(tr '\\n' ' ' < /root/out)\"";
    for (name, said) in accepted.iter().zip(for_each(&host, &accepted, command)) {
        assert!(said.starts_with("0 "), "{name:?}: {said}");
    }
    by_the_program(&host, &accepted, &good);
}

/// A few of them by the program itself, each with a full name that it accepts.
fn by_the_program(host: &Host, names: &[String], full_names: &[String]) {
    let few = names.iter().step_by(names.len() / 5);
    for (name, full) in few.zip(full_names.iter().cycle()) {
        let quoted = full.replace('\'', r"'\''");
        let made = host.run(&format!(
            "benchwarden user add --yes --full-name='{quoted}' -- {name}"
        ));
        made.ok();
        let field = host.run(&format!("getent passwd -- {name} | cut -d: -f5"));
        assert_eq!(field.ok().trim_end_matches('\n'), full, "{name}");
        host.run(&format!(
            "benchwarden user remove --delete-home --yes -- {name}"
        ))
        .ok();
        assert_eq!(
            host.run(&format!("getent passwd -- {name}")).status,
            Some(2)
        );
    }
}
