use proptest::prelude::*;

use super::*;

const ALICE: Uid = Uid(1001);
const CRON: &str = "/system.slice/cron.service";
const HUB: &str = "/system.slice/jupyterhub.service";

fn found(cgroup: &str) -> Found {
    Found {
        pid: Pid(4711),
        uid: ALICE,
        settled: true,
        cgroup: cgroup.to_owned(),
        contained: false,
        ancestors: vec![parent(500, 0, "cron"), parent(1, 0, "systemd")],
        waited: Duration::ZERO,
    }
}

fn parent(pid: u32, uid: u32, name: &str) -> Ancestor {
    Ancestor {
        pid: Pid(pid),
        uid: Uid(uid),
        name: name.into(),
    }
}

fn alice() -> Owner {
    Owner {
        person: true,
        name: Some("alice".into()),
        asked: false,
    }
}

/// A service that root runs, as cron is.
fn roots() -> Unit {
    Unit {
        user: None,
        main: Some(Pid(500)),
        main_uid: Some(Uid::ROOT),
        control: None,
    }
}

fn verdict(found: &Found) -> Verdict {
    decide(found, &alice(), Some(&roots()), &Rules::default())
}

#[test]
fn every_place_has_its_verdict() {
    let unit = |name: &str| name.to_owned();
    for (cgroup, expected) in [
        // Where she belongs, however deep.
        ("/user.slice/user-1001.slice/session-3.scope", Verdict::Fine),
        (
            "/user.slice/user-1001.slice/user@1001.service/init.scope",
            Verdict::Fine,
        ),
        (
            "/user.slice/user-1001.slice/benchwarden-1001-9-9.scope",
            Verdict::Fine,
        ),
        (
            "/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-1.scope",
            Verdict::Fine,
        ),
        // Services that drop to a person.
        (CRON, Verdict::Adopt(Origin::Cron)),
        ("/system.slice/atd.service", Verdict::Adopt(Origin::At)),
        (
            "/system.slice/rstudio-server.service",
            Verdict::Adopt(Origin::RStudio),
        ),
        (
            "/system.slice/rstudio-launcher.service",
            Verdict::Adopt(Origin::RStudio),
        ),
        (HUB, Verdict::Adopt(Origin::Jupyter)),
        (
            "/system.slice/shiny-server.service",
            Verdict::Adopt(Origin::Service(unit("shiny-server.service"))),
        ),
        (
            "/own.slice/own-r.slice/rstudio-server.service",
            Verdict::Adopt(Origin::RStudio),
        ),
        // What su, sudo -u, runuser and setpriv leave in the caller's session.
        (
            "/user.slice/user-0.slice/session-2.scope",
            Verdict::Adopt(Origin::Guest(Uid::ROOT)),
        ),
        (
            "/user.slice/user-1000.slice/session-9.scope",
            Verdict::Adopt(Origin::Guest(Uid(1000))),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/tmux-spawn-1.scope",
            Verdict::Adopt(Origin::Guest(Uid(1000))),
        ),
        // Containers.
        (
            "/system.slice/docker-0a.scope",
            Verdict::Spare(Spared::Container),
        ),
        ("/docker/0a", Verdict::Spare(Spared::Container)),
        (
            "/machine.slice/libpod-0a.scope/container",
            Verdict::Spare(Spared::Container),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-0a.scope",
            Verdict::Spare(Spared::Container),
        ),
        (
            "/system.slice/containerd.service",
            Verdict::Spare(Spared::Unit(unit("containerd.service"))),
        ),
        (
            "/system.slice/slurmstepd.scope/job_7/step_0/user",
            Verdict::Spare(Spared::Unit(unit("slurmstepd.scope"))),
        ),
        // Whoever arranges cgroups itself knows why.
        (
            "/system.slice/batch.service/job-7",
            Verdict::Spare(Spared::Arranged(unit("batch.service"))),
        ),
        // Somebody made it with care.
        (
            "/system.slice/run-r0a.scope",
            Verdict::Leave(Left::Scope(unit("run-r0a.scope"))),
        ),
        ("/init.scope", Verdict::Spare(Spared::Init)),
        // logind moves these.
        ("/system.slice/ssh.service", Verdict::Wait(Waiting::Login)),
        (
            "/system.slice/system-getty.slice/getty@tty1.service",
            Verdict::Wait(Waiting::Login),
        ),
        ("/", Verdict::Wait(Waiting::Place)),
        ("/user.slice", Verdict::Wait(Waiting::Place)),
    ] {
        assert_eq!(verdict(&found(cgroup)), expected, "{cgroup}");
    }
}

#[test]
fn what_was_waited_for_in_vain_is_adopted() {
    for (cgroup, way) in [
        ("/system.slice/ssh.service", Origin::Ssh),
        ("/", Origin::Unknown),
    ] {
        let late = Found {
            waited: Rules::default().patience,
            ..found(cgroup)
        };
        assert_eq!(verdict(&late), Verdict::Adopt(way), "{cgroup}");
    }
}

#[test]
fn a_unit_of_one_person_stays_whole() {
    let name = "/system.slice/jupyter-alice-singleuser.service";
    let own = || Left::Own("jupyter-alice-singleuser.service".to_owned());
    let unit = |user: Option<&str>, main_uid: u32| Unit {
        user: user.map(str::to_owned),
        main_uid: Some(Uid(main_uid)),
        ..roots()
    };
    for (unit, expected) in [
        (unit(Some("alice"), 0), Verdict::Leave(own())),
        (unit(Some("1001"), 0), Verdict::Leave(own())),
        // It became hers by itself.
        (unit(None, 1001), Verdict::Leave(own())),
        // Somebody else's, and she is a guest in it, as with sudospawner.
        (unit(Some("hub"), 990), Verdict::Adopt(Origin::Jupyter)),
        (unit(Some("1002"), 1002), Verdict::Adopt(Origin::Jupyter)),
    ] {
        let verdict = decide(&found(name), &alice(), Some(&unit), &Rules::default());
        assert_eq!(verdict, expected, "{unit:?}");
    }
}

#[test]
fn the_main_process_of_a_service_never_moves() {
    let own = Left::Main("jupyterhub.service".to_owned());
    for unit in [
        Unit {
            main: Some(Pid(4711)),
            ..roots()
        },
        Unit {
            control: Some(Pid(4711)),
            ..roots()
        },
    ] {
        let verdict = decide(&found(HUB), &alice(), Some(&unit), &Rules::default());
        assert_eq!(verdict, Verdict::Leave(own.clone()));
    }
    // Nor is anything decided about a service before systemd has been asked.
    let verdict = decide(&found(HUB), &alice(), None, &Rules::default());
    assert_eq!(verdict, Verdict::Ask("jupyterhub.service".to_owned()));
}

#[test]
fn root_services_and_dynamic_users_are_nobodys() {
    let nobody = Owner {
        person: false,
        name: Some("www-data".into()),
        asked: false,
    };
    let verdict = decide(&found(CRON), &nobody, Some(&roots()), &Rules::default());
    assert_eq!(verdict, Verdict::Fine);
}

#[test]
fn a_container_is_known_by_its_namespace_and_by_its_keeper_too() {
    let odd = "/custom.slice/thing.service";
    let contained = Found {
        contained: true,
        ..found(odd)
    };
    assert_eq!(verdict(&contained), Verdict::Spare(Spared::Container));
    let kept = |uid| Found {
        ancestors: vec![parent(9, uid, "containerd-shim"), parent(1, 0, "systemd")],
        ..found(odd)
    };
    assert_eq!(verdict(&kept(0)), Verdict::Spare(Spared::Container));
    // Anybody can call a program of theirs so.
    assert!(matches!(verdict(&kept(1001)), Verdict::Adopt(_)));
}

#[test]
fn whoever_can_become_root_again_is_waited_for_and_then_left() {
    let unsettled = Found {
        settled: false,
        ..found(CRON)
    };
    assert_eq!(verdict(&unsettled), Verdict::Wait(Waiting::Settled));
    let late = Found {
        waited: Duration::from_secs(2),
        ..unsettled
    };
    assert_eq!(verdict(&late), Verdict::Spare(Spared::Unsettled));
}

#[test]
fn uids_of_rootless_containers_have_no_name_and_stay() {
    let inside = Found {
        uid: Uid(100_999),
        ..found("/user.slice/user-1006.slice/session-4.scope")
    };
    let decided = |asked, waited| {
        let owner = Owner {
            person: true,
            name: None,
            asked,
        };
        let found = Found {
            waited,
            ..inside.clone()
        };
        decide(&found, &owner, None, &Rules::default())
    };
    let spared = Verdict::Spare(Spared::Nameless(Uid(1006)));
    assert_eq!(decided(false, Duration::ZERO), spared);
    assert_eq!(decided(true, Duration::ZERO), Verdict::Wait(Waiting::Name));
    assert_eq!(decided(true, Duration::from_secs(5)), spared);
}

#[test]
fn a_directory_that_is_silent_holds_nothing_up_that_needs_no_name() {
    let silent = Owner {
        person: true,
        name: None,
        asked: true,
    };
    let decided = |unit: &Unit| decide(&found(CRON), &silent, Some(unit), &Rules::default());
    assert_eq!(decided(&roots()), Verdict::Adopt(Origin::Cron));
    // Here a name decides.
    let named = Unit {
        user: Some("alice".to_owned()),
        ..roots()
    };
    assert_eq!(decided(&named), Verdict::Wait(Waiting::Name));
    // And whether a high uid is a person's at all.
    let high = Owner {
        person: false,
        ..silent.clone()
    };
    let verdict = decide(&found(CRON), &high, Some(&roots()), &Rules::default());
    assert_eq!(verdict, Verdict::Wait(Waiting::Name));
}

#[test]
fn the_rules_can_say_otherwise() {
    let with =
        |rules: Rules, cgroup: &str| decide(&found(cgroup), &alice(), Some(&roots()), &rules);
    let (root, ada) = (
        "/user.slice/user-0.slice/session-2.scope",
        "/user.slice/user-1000.slice/session-9.scope",
    );
    let cron = "cron.service".to_owned();
    let rules = Rules {
        from_root: false,
        ..Rules::default()
    };
    assert_eq!(
        with(rules.clone(), root),
        Verdict::Spare(Spared::Guest(Uid::ROOT))
    );
    assert!(matches!(with(rules, ada), Verdict::Adopt(_)));
    let rules = Rules {
        from_others: false,
        ..Rules::default()
    };
    assert_eq!(with(rules, ada), Verdict::Spare(Spared::Guest(Uid(1000))));
    let rules = Rules {
        from_services: false,
        ..Rules::default()
    };
    assert_eq!(
        with(rules, CRON),
        Verdict::Leave(Left::NoServices(cron.clone()))
    );
    let rules = Rules {
        leave: vec!["cr*.service".to_owned()],
        ..Rules::default()
    };
    assert_eq!(
        with(rules, CRON),
        Verdict::Leave(Left::ByRule(cron.clone()))
    );
    let rules = Rules {
        never: vec!["cron.service".to_owned()],
        ..Rules::default()
    };
    assert_eq!(with(rules, CRON), Verdict::Spare(Spared::Unit(cron)));
    // What a policy names counts before what is built in, the most careful word first.
    let list = |on: bool| {
        let all = on.then(|| vec!["cr*.service".to_owned()]);
        all.unwrap_or_default()
    };
    let named = |never, leave, adopt| Rules {
        never: list(true),
        from_services: false,
        named: Named {
            never: list(never),
            leave: list(leave),
            adopt: list(adopt),
        },
        ..Rules::default()
    };
    let cron = || "cron.service".to_owned();
    let spared = Verdict::Spare(Spared::Unit(cron()));
    assert_eq!(with(named(false, false, false), CRON), spared);
    assert_eq!(with(named(true, true, true), CRON), spared);
    assert_eq!(
        with(named(false, true, true), CRON),
        Verdict::Leave(Left::ByRule(cron()))
    );
    assert!(matches!(
        with(named(false, false, true), CRON),
        Verdict::Adopt(_)
    ));
    let rules = Rules {
        spared: vec![ALICE],
        ..Rules::default()
    };
    assert_eq!(with(rules, CRON), Verdict::Spare(Spared::ByRule));
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, name, expected) in [
        ("cron.service", "cron.service", true),
        ("ssh@*.service", "ssh@3-10.0.2.15:22.service", true),
        ("ssh@*.service", "ssh.service", false),
        ("slurmstepd*", "slurmstepd.scope", true),
        ("*", "", true),
        ("a*b*c", "aXbYbc", true),
        ("a*b*c", "aXc", false),
        ("*ä", "öä", true),
    ] {
        assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn a_cgroup_tells_its_unit_and_what_is_below() {
    assert_eq!(unit_of(CRON), Some(("cron.service", "")));
    assert_eq!(
        unit_of("/a.slice/b.service/x/y.scope"),
        Some(("b.service", "/x/y.scope"))
    );
    assert_eq!(unit_of("/user.slice"), None);
    assert_eq!(unit_of(""), None);
}

proptest! {
    #[test]
    fn pid_1_and_containers_never_move_wherever_they_are(cgroup in "(/[a-z0-9@.-]{0,12}){0,4}", wait in 0u64..10) {
        let waited = Duration::from_secs(wait);
        for stray in [
            Found { pid: Pid(1), waited, ..found(&cgroup) },
            Found { contained: true, waited, ..found(&cgroup) },
        ] {
            let verdict = verdict(&stray);
            prop_assert!(!matches!(verdict, Verdict::Adopt(_) | Verdict::Ask(_)), "{verdict:?}");
        }
    }

    #[test]
    fn nothing_is_waited_for_for_ever(cgroup in "(/[a-z0-9@.-]{0,12}){0,4}", settled: bool, asked: bool) {
        let late = Found { settled, waited: Duration::from_secs(60), ..found(&cgroup) };
        let owner = Owner { person: !asked, name: None, asked };
        let verdict = decide(&late, &owner, Some(&roots()), &Rules::default());
        prop_assert!(!matches!(verdict, Verdict::Wait(_)), "{verdict:?}");
    }
}
