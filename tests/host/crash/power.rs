//! The power fails where a plan is between two steps: what the disk holds is whole.

use super::{ADD, REMOVE, Story, again, ask, goes_on, prepare};
use crate::harness::{Host, Release};

/// How many points the verb has: each event of a receipt is written and synced.
fn points(host: &Host, story: &Story) -> usize {
    host.run(&again(story)).ok();
    host.run(&format!("benchwarden {} --yes", story.verb)).ok();
    let events = host.run("cat /var/lib/benchwarden/receipts/* | wc -l");
    2 * events.ok().trim().parse::<usize>().unwrap()
}

/// The power fails at some points of a verb, and it goes on from there.
fn fails_at(story: &Story, some: impl Fn(usize) -> Vec<usize>) {
    let host = Host::fresh(Release::Bookworm);
    prepare(&host, story);
    let whole = ask(&host, story, &again(story));
    for at in some(points(&host, story)) {
        host.run(&format!("{}; rm -f /run/stopped; sync", again(story)))
            .ok();
        host.run(&format!(
            "LD_PRELOAD=/root/stop.so STOP_HOW=pause STOP_AT={at} setsid benchwarden {} --yes \
             >/dev/null 2>&1 </dev/null &",
            story.verb
        ))
        .ok();
        host.wait_until("the plan is where the power fails", |host| {
            host.run("test -e /run/stopped").status == Some(0)
        });
        host.power_cut();
        let mut crash = ask(
            &host,
            story,
            &format!("{{ {}; }} >/dev/null", story.at_boot),
        );
        // The power ended them, whatever the plan did.
        crash.steps.retain(|(what, _)| !what.contains("sessions"));
        crash.is_true(story);
        goes_on(&host, story, &whole, &crash, at % 4 < 2);
    }
    host.run("benchwarden audit verify").ok();
}

fn every_point() -> bool {
    std::env::var_os("BENCHWARDEN_EVERY_POINT").is_some()
}

#[test]
fn a_power_cut_leaves_a_host_that_knows_where_it_was() {
    // A boot is slow: one in the middle, or all of them.
    fails_at(&ADD, |last| match every_point() {
        true => (1..=last).collect(),
        false => vec![last / 2],
    });
}

#[test]
#[ignore = "boots for a quarter of an hour: BENCHWARDEN_EVERY_POINT"]
fn a_power_cut_in_a_removal_leaves_a_host_that_knows_where_it_was() {
    // Before and in the middle of every step.
    fails_at(&REMOVE, |last| {
        (1..=last).filter(|at| at % 2 == 1).collect()
    });
}
