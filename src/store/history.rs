//! The last minutes of CPU use, per person and for the host, in memory alone.

use std::collections::{HashMap, VecDeque};

use crate::base::id::Uid;
use crate::model::snapshot::Snapshot;

/// How many snapshots are kept: five minutes at one a second.
pub const DEPTH: usize = 300;

/// CPU use over the last snapshots, oldest first.
#[derive(Debug, Default)]
pub struct History {
    host: VecDeque<f32>,
    users: HashMap<Uid, VecDeque<f32>>,
}

impl History {
    /// Adds one snapshot. Whoever is not in it any more used nothing; who has used nothing for
    /// the whole depth is forgotten.
    pub fn push(&mut self, snapshot: &Snapshot) {
        let host = snapshot.host.cpu_busy_cores.map_or(0.0, |c| c.0);
        append(&mut self.host, host);
        for user in &snapshot.users {
            let cores = user.cpu_cores.map_or(0.0, |c| c.0);
            append(self.users.entry(user.uid).or_default(), cores);
        }
        self.users.retain(|uid, trend| {
            if snapshot.user(*uid).is_none() {
                append(trend, 0.0);
            }
            trend.iter().any(|cores| *cores > 0.0) || snapshot.user(*uid).is_some()
        });
    }

    /// The last `points` values of one person in cores, oldest first; fewer when younger.
    #[must_use]
    pub fn user(&self, uid: Uid, points: usize) -> Vec<f32> {
        self.users
            .get(&uid)
            .map_or_else(Vec::new, |trend| last(trend, points))
    }

    /// The same of the host.
    #[must_use]
    pub fn host(&self, points: usize) -> Vec<f32> {
        last(&self.host, points)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a plot needs no more")]
fn append(trend: &mut VecDeque<f32>, cores: f64) {
    if trend.len() == DEPTH {
        trend.pop_front();
    }
    trend.push_back(cores as f32);
}

fn last(trend: &VecDeque<f32>, points: usize) -> Vec<f32> {
    let skip = trend.len().saturating_sub(points);
    trend.iter().skip(skip).copied().collect()
}
