//! `user` and `group` on a real host: what they say against the system's own tools.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Host, Release};

fn user<'a>(document: &'a Value, name: &str) -> &'a Value {
    let users = document["users"].as_array().unwrap();
    let found = users.iter().find(|user| user["user"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

fn show(host: &Host, name: &str) -> Value {
    host.run(&format!("benchwarden user show {name} --json"))
        .json()
}

fn words(value: &Value) -> BTreeSet<String> {
    let words = value.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

/// What `chage -l` says behind a label.
fn chage(host: &Host, name: &str, label: &str) -> String {
    let said = host.run(&format!("LC_ALL=C chage -i -l {name}"));
    let line = said.ok().lines().find(|line| line.starts_with(label));
    let value = line.unwrap().split(": ").nth(1).unwrap();
    value.trim().to_owned()
}

#[test]
fn accounts_are_what_getent_id_and_chage_say() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    host.run(
        "usermod -e 2020-01-02 bob; usermod -L carol; chage -d 0 zoe; passwd -d finn; \
         usermod -p '*' lin; chage -E 2040-05-06 -M 90 first.last; groupdel -f legacy; \
         chfn -f 'Alice Adams' -o alice@example.org alice; mkdir /home/left; chown 4242 /home/left",
    )
    .ok();
    let document = host.run("benchwarden user list --all --json").json();
    assert_eq!(document["partial"], json!([]), "{document:#}");

    // Everyone whom any source knows, with every field.
    let listed = host.run("getent passwd");
    for line in listed.ok().lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let told = user(&document, fields[0]);
        assert_eq!(told["uid"].to_string(), fields[2]);
        assert_eq!(told["gid"].to_string(), fields[3]);
        assert_eq!(told["gecos"].as_str().unwrap_or(""), fields[4], "{told:#}");
        assert_eq!(told["home"], fields[5]);
        assert_eq!(told["shell"], fields[6]);
        let id = host.run(&format!("id -Gn {}", fields[0]));
        let id: BTreeSet<String> = id.ok().split_whitespace().map(str::to_owned).collect();
        let mut groups = words(&told["groups"]);
        groups.insert(told["primary_group"].as_str().unwrap().to_owned());
        assert_eq!(groups, id, "{told:#}");
    }
    assert_eq!(user(&document, "alice")["full_name"], "Alice Adams");
    assert_eq!(user(&document, "alice")["email"], "alice@example.org");
    assert_eq!(user(&document, "dirk")["source"], "directory");
    assert_eq!(user(&document, "lin")["linger"], true);
    let users = document["users"].as_array().unwrap();
    assert!(
        users
            .iter()
            .any(|user| user["uid"] == 4242 && user["source"] == "unknown")
    );

    for (name, state) in [
        ("ada", json!(["active"])),
        ("bob", json!(["expired"])),
        ("carol", json!(["locked"])),
        ("zoe", json!(["active", "must-change-password"])),
        ("finn", json!(["active", "no-password"])),
        ("lin", json!(["active", "key-only"])),
        ("svc-report", json!(["nologin"])),
        ("dirk", json!([])),
    ] {
        assert_eq!(user(&document, name)["state"], state, "{name}");
    }
    for name in ["bob", "first.last"] {
        assert_eq!(
            user(&document, name)["expires"],
            chage(&host, name, "Account expires")
        );
    }
    let changed = &user(&document, "first.last")["password_changed"];
    assert_eq!(*changed, chage(&host, "first.last", "Last password change"));
    assert_eq!(chage(&host, "ada", "Account expires"), "never");
    assert_eq!(user(&document, "ada")["expires"], Value::Null);

    // The quota's own tool counts the same blocks.
    let quota = host.run("sync; repquota -u -p / | awk '$1 == \"alice\" {print $3}'");
    let kib: u64 = quota.ok().trim().parse().unwrap();
    let bytes =
        user(&host.run("benchwarden user list --json").json(), "alice")["home_bytes"].clone();
    assert_eq!(bytes.as_u64().unwrap().div_ceil(1024), kib);

    // Nothing of a password, to anyone.
    let hash = host.run("grep ^alice: /etc/shadow | cut -d: -f2 | cut -d'$' -f4");
    let all = host.run("benchwarden user list --all --json; benchwarden user show alice --json");
    assert!(!hash.ok().trim().is_empty() && !all.ok().contains(hash.ok().trim()));

    // An ordinary user sees the people, and that passwords are unknown.
    let seen = host
        .as_user("alice")
        .run("benchwarden user list --json")
        .json();
    assert_eq!(user(&seen, "bob")["password"], Value::Null);
    assert_eq!(user(&seen, "bob")["state"], json!([]));
    assert!(
        seen["partial"].to_string().contains("/etc/shadow"),
        "{seen:#}"
    );

    let groups = host.run("benchwarden group list --all --json").json();
    let told: BTreeSet<String> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["group"].as_str().unwrap().to_owned())
        .collect();
    let known = host.run("getent group | cut -d: -f1");
    assert_eq!(told, known.ok().lines().map(str::to_owned).collect());
    let far = host
        .run("benchwarden group show dir-analysts --json")
        .json();
    assert_eq!(
        words(&far["members"]),
        words(&json!(["dirk", "dora"])),
        "{far:#}"
    );
}

#[test]
fn one_person_with_sessions_jobs_and_a_group_that_is_still_held() {
    let host = Host::fresh(Release::Bookworm);
    host.install_benchwarden();
    let alice = host.as_user("alice");
    let _session = alice.spawn("exec sleep 5001");
    host.wait_until("alice sleeps", |host| {
        host.run("pgrep -U alice -x sleep").status == Some(0)
    });
    host.run("printf '# x\\nA=b\\n@daily true\\n0 4 * * * true\\n' | crontab -u alice -")
        .ok();
    alice.run("echo true | at 'now + 1 day' 2>&1").ok();
    host.run("printf '0 4 * * * alice true\\n' > /etc/cron.d/nightly")
        .ok();
    host.run(
        "install -o alice -g mail -m 660 /dev/null /var/mail/alice; echo mail > /var/mail/alice",
    )
    .ok();
    host.run("gpasswd -d alice modelling; gpasswd -a alice legacy")
        .ok();

    let told = show(&host, "alice");
    assert_eq!(told["partial"], json!([]), "{told:#}");
    assert_eq!(
        words(&told["groups"]),
        words(&json!(["analysts", "legacy"])),
        "{told:#}"
    );
    assert_eq!(
        told["jobs"],
        json!({
            "crontab": 2, "at": 1, "system": [{"file": "/etc/cron.d/nightly", "line": 1}]
        })
    );
    assert_eq!(told["mail_bytes"], 5);
    let processes = host.run("ps -o pid= -U alice | wc -l");
    assert_eq!(
        told["processes"]["count"].to_string(),
        processes.ok().trim(),
        "{told:#}"
    );
    assert_eq!(told["sessions"][0]["service"], "sshd");
    let held = told["held_groups"].as_array().unwrap();
    let held: Vec<(&str, &str)> = held
        .iter()
        .map(|held| {
            (
                held["group"].as_str().unwrap(),
                held["held"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        held,
        [("modelling", "still"), ("legacy", "not-yet")],
        "{told:#}"
    );
    let kernel = host.run("grep ^Groups: /proc/$(pgrep -n -U alice -x sleep)/status");
    assert!(
        kernel.ok().contains("3001") && !kernel.ok().contains("3002"),
        "{kernel}"
    );

    // lastlog knows the login that sshd noted.
    let lastlog = host.run("LC_ALL=C TZ=UTC lastlog -u alice | tail -1");
    let date = lastlog.ok().trim();
    let at: jiff::Timestamp = told["last_login"].as_str().unwrap().parse().unwrap();
    assert!(
        date.contains(&at.strftime("%b %e %H:%M").to_string()),
        "{date} {at}"
    );
    assert_eq!(show(&host, "first.last")["last_login"], Value::Null);
    assert!(
        host.run("lastlog -u first.last")
            .ok()
            .contains("Never logged in")
    );

    let dirk = show(&host, "dirk");
    assert_eq!(
        (&dirk["source"], &dirk["password"]),
        (&json!("directory"), &json!(null))
    );
    assert_eq!(dirk["subuids"][0]["count"], 65_536);
    let text = host.run("benchwarden user show alice");
    assert!(
        text.ok().lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let nobody = host.run("benchwarden user show nobody-here");
    assert!(
        nobody
            .fails_with(1)
            .contains("no account is called nobody-here"),
        "{nobody}"
    );
}
