//! What a refresh of the console costs, and what the same costs its peers.
//!
//! `refresh measure PROCESSES:PEOPLE:BUSY` lets the `population` beside it fork, runs every tool
//! in a terminal of 120x40, one after the other, and prints a line of JSON for each run.
//! `refresh report FILE...` makes a table of such lines and judges the goals. `tests/bench/run`
//! does both. The two programs can be copied to another host.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a program of its own, which measures programs"
)]

mod console;
mod figures;
mod report;
mod tool;
mod usage;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use figures::{Figures, Pace};
use tool::{TOOLS, Tool};

const USAGE: &str =
    "usage: refresh measure [--quick] [--slices] [--every SECONDS] PROCESSES:PEOPLE:BUSY
       refresh report FILE...

measure   prints a line of JSON for each run of each tool; needs root
  --quick   one round instead of two, and shorter
  --slices  the people are in slices, as on a host with systemd (see `population`)
  --every   the peers refresh so often, on a host where a second is too short for them (default 1)
report    prints the table of those lines, and one line for each goal; 1 when one is missed

  BENCHWARDEN_BIN   the console to measure (default: target/release/benchwarden)
  BENCH_DIR         where `population` is (default: beside this program)";

/// Two rounds, with the tools in opposite orders, so that none has the better half of an hour.
const FULL: (u32, Pace) = (
    2,
    Pace {
        starts: 2,
        warm_up: Duration::from_secs(4),
        measured: Duration::from_secs(14),
    },
);
const QUICK: (u32, Pace) = (
    1,
    Pace {
        starts: 2,
        warm_up: Duration::from_secs(3),
        measured: Duration::from_secs(9),
    },
);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let every = |text: &str| text.parse().ok().filter(|every| (1..=60).contains(every));
    let done = match words[..] {
        ["measure", ref options @ .., "--every", text, population] => match every(text) {
            Some(every) => measure(options, every, population),
            None => Err(anyhow::anyhow!("--every {text}: whole seconds, 1 to 60")),
        },
        ["measure", ref options @ .., population] => measure(options, 1, population),
        ["report", ref files @ ..] => report::print(files),
        // `cargo bench` starts it without a verb.
        _ => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("refresh: {error:#}");
        ExitCode::from(2)
    })
}

/// Measures every tool that is installed against one population.
fn measure(options: &[&str], every: u32, population: &str) -> anyhow::Result<ExitCode> {
    let (rounds, pace) = if options.contains(&"--quick") {
        QUICK
    } else {
        FULL
    };
    let slices = options.contains(&"--slices");
    let people = Population::start(population, slices)?;
    let mut tools: Vec<&Tool> = TOOLS.iter().filter(|tool| tool.is_installed()).collect();
    let name = format!("{population}{}", if slices { " in slices" } else { "" });
    for _ in 0..rounds {
        for tool in &tools {
            eprintln!("{population}: {}", tool.name);
            let every = if tool.is_ours() { 1 } else { every };
            match Figures::of(tool, every, &name, pace) {
                Ok(figures) => println!("{}", serde_json::to_string(&figures)?),
                Err(error) if tool.is_ours() => return Err(error),
                Err(error) => eprintln!("{population}: {} not measured: {error:#}", tool.name),
            }
        }
        tools.reverse();
    }
    drop(people);
    Ok(ExitCode::SUCCESS)
}

/// The processes that the tools look at.
struct Population(Child);

impl Population {
    /// Forks them and lets them settle.
    fn start(population: &str, slices: bool) -> anyhow::Result<Self> {
        let numbers: Vec<&str> = population.split(':').collect();
        anyhow::ensure!(
            numbers.len() == 3 && numbers.iter().all(|n| n.parse::<u32>().is_ok()),
            "{population}: a population is PROCESSES:PEOPLE:BUSY"
        );
        let program = programs()?.join("population");
        let mut child = Command::new(&program)
            .args(slices.then_some("--slices"))
            .args(numbers)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let said = child.stdout.take().context("the population says nothing")?;
        let people = Self(child);
        people.end_with_this_program()?;
        let mut first = String::new();
        BufReader::new(said).read_line(&mut first)?;
        anyhow::ensure!(first.trim() == "ready", "population: {}", first.trim());
        std::thread::sleep(Duration::from_secs(2));
        Ok(people)
    }

    /// Ends them, which removes their slices, when somebody ends this program.
    fn end_with_this_program(&self) -> anyhow::Result<()> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
        let population = self.pid();
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                let _ = kill_process(population, Signal::TERM);
                let _ = rustix::process::waitpid(
                    Some(population),
                    rustix::process::WaitOptions::empty(),
                );
                std::process::exit(130);
            }
        });
        Ok(())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Population {
    /// Ends them and waits until they have gone.
    fn drop(&mut self) {
        let _ = kill_process(self.pid(), Signal::TERM);
        let _ = self.0.wait();
    }
}

/// Where the programs of the benchmark are.
fn programs() -> anyhow::Result<PathBuf> {
    if let Some(dir) = std::env::var_os("BENCH_DIR") {
        return Ok(PathBuf::from(dir));
    }
    let own = std::env::current_exe()?;
    Ok(own
        .parent()
        .context("a program is in a directory")?
        .to_owned())
}
