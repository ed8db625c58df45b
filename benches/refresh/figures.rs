//! One run of one tool: started, watched, ended.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::console::{Console, Seen};
use crate::tool::{Tool, home};
use crate::usage::{self, Reading, Refreshes, memory};

/// Between two readings of the kernel's counters.
const STEP: Duration = Duration::from_millis(20);
/// The longest a tool may take to show something.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who uses a core all the time has skipped refreshes.
const SATURATED: f64 = 0.95;
/// How many keys are pressed.
const KEYS: u32 = 20;
/// Between two keys: the golden section of a second, so that they are spread over it evenly.
const BETWEEN_KEYS: Duration = Duration::from_micros(381_966);

/// How long each thing is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Starts beside the one that is measured to its end.
    pub(crate) starts: u32,
    /// Until a tool has settled.
    pub(crate) warm_up: Duration,
    /// For CPU and bytes.
    pub(crate) measured: Duration,
}

/// What one run of a tool gave. Several runs of one tool are one line of the table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// `PROCESSES:PEOPLE:BUSY`.
    pub(crate) population: String,
    /// The tool's name.
    pub(crate) tool: String,
    /// CPU time of a refresh, for each window.
    pub(crate) cpu_ms: Vec<f64>,
    /// From one refresh to the next.
    pub(crate) period_s: Vec<f64>,
    /// Sent to the terminal in a refresh.
    pub(crate) bytes: Vec<f64>,
    /// Cores of the host that something else used meanwhile: the population, but also whoever
    /// disturbs.
    pub(crate) others: Vec<f64>,
    /// Resident memory in bytes.
    pub(crate) resident: Vec<u64>,
    /// Of that, what no file backs.
    pub(crate) anonymous: Vec<u64>,
    /// From the start to the first byte, for each start.
    pub(crate) first_byte_ms: Vec<f64>,
    /// To more than a greeting.
    pub(crate) first_screen_ms: Vec<f64>,
    /// To a person with a figure for CPU (ours only).
    pub(crate) true_figures_ms: Vec<f64>,
    /// From each key to its effect on the screen (ours only).
    pub(crate) key_ms: Vec<f64>,
}

impl Figures {
    /// Adds another run of the same tool.
    pub(crate) fn add(&mut self, other: Self) {
        self.cpu_ms.extend(other.cpu_ms);
        self.period_s.extend(other.period_s);
        self.bytes.extend(other.bytes);
        self.others.extend(other.others);
        self.resident.extend(other.resident);
        self.anonymous.extend(other.anonymous);
        self.first_byte_ms.extend(other.first_byte_ms);
        self.first_screen_ms.extend(other.first_screen_ms);
        self.true_figures_ms.extend(other.true_figures_ms);
        self.key_ms.extend(other.key_ms);
    }

    /// Runs a tool.
    pub(crate) fn of(
        tool: &Tool,
        every: u32,
        population: &str,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        let argv = tool.argv(every).context("it is not installed any more")?;
        let mut figures = Self {
            population: population.to_owned(),
            tool: tool.name.to_owned(),
            ..Self::default()
        };
        let home = home(every);
        for _ in 0..pace.starts {
            let mut console = Console::start(&argv, home.path())?;
            figures.started(tool, &mut console);
            console.quit();
        }
        let mut console = Console::start(&argv, home.path())?;
        let warm = Instant::now() + pace.warm_up;
        figures.started(tool, &mut console);
        console.watch_until(warm.max(Instant::now() + Duration::from_secs(1)));
        figures.refreshes(&mut console, every, pace.measured)?;
        anyhow::ensure!(!console.ended(), "{} has ended by itself", tool.name);
        if tool.is_ours() {
            figures.keys(&mut console)?;
        }
        console.quit();
        Ok(figures)
    }

    /// Waits until a tool that was started has shown what it shows first.
    fn started(&mut self, tool: &Tool, console: &mut Console) {
        let ours = tool.is_ours();
        console.wait_for(PATIENCE, |seen| {
            seen.screen.is_some() && (!ours || seen.figures.is_some())
        });
        let Seen {
            byte,
            screen,
            figures,
        } = console.seen;
        self.first_byte_ms.extend(byte.map(ms));
        self.first_screen_ms.extend(screen.map(ms));
        if ours {
            self.true_figures_ms.push(ms(figures.unwrap_or(PATIENCE)));
        }
    }

    /// Watches refreshes: CPU, bytes and memory.
    fn refreshes(
        &mut self,
        console: &mut Console,
        every: u32,
        time: Duration,
    ) -> anyhow::Result<()> {
        let time = time * every;
        let Some(pid) = console.pid() else {
            anyhow::bail!("a process without a number");
        };
        let (begun, host) = (Instant::now(), usage::host());
        let mut readings = Vec::new();
        while begun.elapsed() < time {
            readings.push(Reading::now(pid));
            console.watch_until(Instant::now() + STEP);
        }
        let others = usage::host().saturating_sub(host + used(&readings));
        self.others
            .push(others.as_secs_f64() / begun.elapsed().as_secs_f64());
        let share = used(&readings).as_secs_f64() / begun.elapsed().as_secs_f64();
        anyhow::ensure!(
            share < SATURATED,
            "it is still busy with one refresh when the next is due; give it more time (--every)"
        );
        let refreshes = Refreshes::of(&readings, every);
        self.cpu_ms.extend(refreshes.windows_ms());
        let (from, to, number) = if let Some((from, to, number)) = refreshes.span() {
            let seconds = (to - from).as_secs_f64();
            self.period_s.push(seconds / number);
            (from, to, number)
        } else {
            // Refreshes that cannot be told apart are taken to be as many as was asked for.
            let number = begun.elapsed().as_secs_f64() / f64::from(every);
            self.cpu_ms.push(ms(used(&readings)) / number);
            (begun, Instant::now(), number)
        };
        let sent = console.sent.iter();
        let bytes: usize = sent
            .filter(|(at, _)| (from..to).contains(at))
            .map(|(_, bytes)| bytes)
            .sum();
        self.bytes.push(bytes as f64 / number);
        let (resident, anonymous) = memory(pid);
        self.resident.push(resident);
        self.anonymous.push(anonymous);
        Ok(())
    }

    /// Presses keys, after everything else, since their answers cost CPU and bytes too.
    fn keys(&mut self, console: &mut Console) -> anyhow::Result<()> {
        // The first one fixes the marker on a person; until then it stays on the first line.
        console.move_marker()?;
        let begun = Instant::now();
        for number in 1..=KEYS {
            console.watch_until(begun + BETWEEN_KEYS * number);
            self.key_ms.push(ms(console.move_marker()?));
        }
        Ok(())
    }
}

/// CPU time from the first reading to the last.
fn used(readings: &[Reading]) -> Duration {
    let (first, last) = (readings.first(), readings.last());
    let used = first.zip(last);
    used.map_or(Duration::ZERO, |(first, last)| {
        last.cpu.saturating_sub(first.cpu)
    })
}

pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
