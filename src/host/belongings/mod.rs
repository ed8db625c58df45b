//! What somebody owns and runs on this host, looked at before they are removed. Reads only, and
//! only for so long: whoever waits for a plan waits for this.

mod files;
mod named;

use std::time::Duration;

use crate::base::id::UserName;
use crate::base::text::printable;
use crate::model::people::belongings::{Belongings, Place};
use crate::model::people::details::PersonDetails;
use crate::model::people::local::IdRange;

use super::directory;
use super::root::Root;
use super::walk::{self, Mounts};

/// How long files are looked for, in the home and elsewhere.
const LOOK: Duration = Duration::from_secs(10);

/// So many places that were not seen are named.
const UNSEEN: usize = 10;

/// What there is of a person; nothing of one whom nobody knows.
#[must_use]
pub fn of(root: &Root, name: &str, uid: u32, home: &str) -> Belongings {
    let mut all = Belongings::default();
    let person = UserName::parse(name).ok();
    let details = person.and_then(|name| directory::person(root, &name).ok());
    match &details {
        Some(details) => take(&mut all, details),
        None => all
            .partial
            .push("the account cannot be looked at".to_owned()),
    }
    all.units = named::units(root, name, uid);
    all.sudo = named::sudo_rules(root, name, uid);
    let subuids = details.map_or_else(Vec::new, |details| details.user.subuids);
    let mounts = Mounts::of(root);
    match files::home(root, &mounts, home, LOOK) {
        Ok(tree) => all.home = tree,
        Err(why) => all.partial.push(format!("{home}: {why}")),
    }
    all.partial.extend(mounts.unseen.iter().cloned());
    all.partial.extend(walk::of_containers(root));
    let whose = files::Whose { uid, subuids };
    let (outside, notes) = files::outside(root, mounts, home, whose, LOOK);
    all.outside = outside;
    all.partial.extend(notes);
    clean(&mut all);
    all
}

/// Names are other people's text, and who mounts a thousand things hides nothing behind them.
fn clean(all: &mut Belongings) {
    let harmless = |text: &mut String| *text = printable(text.as_bytes(), 200);
    let more = all.partial.len().saturating_sub(UNSEEN);
    if more > 0 {
        all.partial.truncate(UNSEEN);
        all.partial.push(format!("{more} places more"));
    }
    all.partial.iter_mut().for_each(harmless);
    let places = all.outside.places.iter_mut();
    places.for_each(|(path, _)| harmless(path));
    let named = [&mut all.units, &mut all.sudo, &mut all.system_cron];
    for place in named.into_iter().flatten() {
        harmless(&mut place.file);
    }
}

fn take(all: &mut Belongings, details: &PersonDetails) {
    let told = |range: &IdRange| format!("{}-{}", range.first, range.last());
    all.crontab = details.jobs.crontab;
    all.at_jobs = details.jobs.at;
    let system = details.jobs.system.iter().map(|cron| Place {
        file: cron.file.raw().to_owned(),
        line: cron.line,
    });
    all.system_cron = system.collect();
    all.mail_bytes = details.mail_bytes;
    all.linger = details.user.linger;
    all.subuids = details.user.subuids.iter().map(told).collect();
    all.subgids = details.user.subgids.iter().map(told).collect();
    all.processes = details.processes.count;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_few() {
        let mut all = Belongings {
            partial: (0..1000).map(|n| format!("/mnt/\u{9b}{n}")).collect(),
            ..Belongings::default()
        };
        all.outside.places = vec![("/srv/\u{202e}x".to_owned(), 1)];
        clean(&mut all);
        assert_eq!(all.partial.len(), UNSEEN + 1);
        assert!(all.partial.last().unwrap().contains("990 places more"));
        let text = serde_json::to_string(&all).unwrap();
        assert!(!text.contains(['\u{9b}', '\u{202e}']), "{text}");
    }
}
