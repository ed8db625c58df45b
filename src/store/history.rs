//! The last minutes of CPU and memory use, per person, in memory alone.
//!
//! A point is the average of [`POINT_S`] seconds: a trend that moves every second would say less
//! and cost a slow line more than all the figures beside it.

use std::collections::{HashMap, VecDeque};

use crate::base::id::Uid;
use crate::model::snapshot::Snapshot;

/// Seconds that one point stands for.
pub const POINT_S: i64 = 15;
/// How many points are kept: half an hour.
const DEPTH: usize = 120;

/// What people used over the last minutes.
#[derive(Debug, Default)]
pub struct History {
    users: HashMap<Uid, Trends>,
    /// The point that is being made, counted from 1970.
    point: i64,
}

/// What is plotted of one person.
#[derive(Debug, Default)]
struct Trends {
    cores: Trend,
    mebibytes: Trend,
}

/// Points that are done, and the sum of the one that is not.
#[derive(Debug, Default)]
struct Trend {
    points: VecDeque<f32>,
    sum: f64,
    count: u32,
}

impl History {
    /// Adds one snapshot. Whoever is not in it used nothing; who has used nothing for the whole
    /// depth and has gone is forgotten.
    pub fn push(&mut self, snapshot: &Snapshot) {
        let point = snapshot.taken_at.as_second().div_euclid(POINT_S);
        if point != self.point {
            self.point = point;
            for trends in self.users.values_mut() {
                trends.cores.next();
                trends.mebibytes.next();
            }
            self.users.retain(|uid, trends| {
                let used = |trend: &Trend| trend.points.iter().any(|value| *value > 0.0);
                used(&trends.cores) || used(&trends.mebibytes) || snapshot.user(*uid).is_some()
            });
        }
        for user in &snapshot.users {
            let trends = self.users.entry(user.uid).or_default();
            trends.cores.add(user.cpu_cores.map_or(0.0, |c| c.0));
            let memory = user.memory_bytes.unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "a plot")]
            trends.mebibytes.add((memory.0 >> 10) as f64 / 1024.0);
        }
    }

    /// The last `points` values of one person's CPU in cores, oldest first; fewer when younger.
    #[must_use]
    pub fn cores(&self, uid: Uid, points: usize) -> Vec<f32> {
        let trends = self.users.get(&uid);
        trends.map_or_else(Vec::new, |trends| trends.cores.last(points))
    }

    /// The same of their memory, in MiB.
    #[must_use]
    pub fn mebibytes(&self, uid: Uid, points: usize) -> Vec<f32> {
        let trends = self.users.get(&uid);
        trends.map_or_else(Vec::new, |trends| trends.mebibytes.last(points))
    }
}

impl Trend {
    fn add(&mut self, cores: f64) {
        self.sum += cores;
        self.count += 1;
    }

    /// Closes the point that was being made.
    fn next(&mut self) {
        if self.points.len() == DEPTH {
            self.points.pop_front();
        }
        let average = self.average();
        self.points.push_back(average);
        (self.sum, self.count) = (0.0, 0);
    }

    #[expect(clippy::cast_possible_truncation, reason = "a plot needs no more")]
    fn average(&self) -> f32 {
        if self.count == 0 {
            0.0
        } else {
            (self.sum / f64::from(self.count)) as f32
        }
    }

    fn last(&self, points: usize) -> Vec<f32> {
        let now = (self.count > 0).then(|| self.average());
        let skip = (self.points.len() + usize::from(now.is_some())).saturating_sub(points);
        self.points.iter().copied().chain(now).skip(skip).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_an_average_and_the_newest_is_in_the_making() {
        let mut trend = Trend::default();
        for cores in [1.0, 2.0, 3.0] {
            trend.add(cores);
        }
        assert_eq!(trend.last(4), [2.0]);
        trend.next();
        assert_eq!(trend.last(4), [2.0]);
        trend.add(8.0);
        assert_eq!(trend.last(4), [2.0, 8.0]);
        assert_eq!(trend.last(1), [8.0]);
    }

    #[test]
    fn half_an_hour_is_kept_and_no_more() {
        let mut trend = Trend::default();
        for _ in 0..3 * DEPTH {
            trend.add(1.0);
            trend.next();
        }
        assert_eq!(trend.points.len(), DEPTH);
    }
}
