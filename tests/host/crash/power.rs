//! The power fails where a plan is between two steps: what the disk holds is whole.

use super::{ADD, again, ask, goes_on, prepare};
use crate::harness::{Host, Release};

/// How many points the verb has: each event of a receipt is written and synced.
fn points(host: &Host) -> usize {
    host.run(&again(&ADD)).ok();
    host.run(&format!("benchwarden {} --yes", ADD.verb)).ok();
    let events = host.run("cat /var/lib/benchwarden/receipts/* | wc -l");
    2 * events.ok().trim().parse::<usize>().unwrap()
}

#[test]
fn a_power_cut_leaves_a_host_that_knows_where_it_was() {
    let host = Host::fresh(Release::Bookworm);
    prepare(&host, &ADD);
    let whole = ask(&host, &ADD, &again(&ADD));
    let last = points(&host);
    // A boot is slow: one in the middle, or all of them.
    let all = std::env::var_os("BENCHWARDEN_EVERY_POINT").is_some();
    let at: Vec<usize> = if all {
        (1..=last).collect()
    } else {
        vec![last / 2]
    };
    for at in at {
        host.run(&format!("{}; rm -f /run/stopped; sync", again(&ADD)))
            .ok();
        host.run(&format!(
            "LD_PRELOAD=/root/stop.so STOP_HOW=pause STOP_AT={at} setsid benchwarden {} --yes \
             >/dev/null 2>&1 </dev/null &",
            ADD.verb
        ))
        .ok();
        host.wait_until("the plan is where the power fails", |host| {
            host.run("test -e /run/stopped").status == Some(0)
        });
        host.power_cut();
        let crash = ask(&host, &ADD, "true");
        crash.is_true(&ADD);
        goes_on(&host, &ADD, &whole, &crash, at % 2 == 1);
    }
}
