//! The table, and whether the goals are met.

use std::fs;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::figures::Figures;
use crate::tool::{OURS, TOOLS};

/// What a goal is about.
#[derive(Clone, Copy)]
enum Figure {
    /// How often our CPU time goes into that of another tool: at least so often.
    CpuOf(&'static str),
    /// Resident memory in megabytes: at most so many, as with all that follow.
    Resident,
    /// Milliseconds to the first screen.
    FirstScreen,
    /// Milliseconds to the first figures that are measured.
    TrueFigures,
    /// Bytes in a refresh.
    Bytes,
    /// Milliseconds until a key has moved the marker.
    Key,
}

/// A promise: the worst of the populations it is about has to keep to the limit.
struct Goal {
    figure: Figure,
    /// Names of populations; none means every one.
    at: &'static [&'static str],
    limit: f64,
}

const fn goal(figure: Figure, at: &'static [&'static str], limit: f64) -> Goal {
    Goal { figure, at, limit }
}

const GOALS: [Goal; 13] = [
    goal(Figure::CpuOf("btop"), &["10000:200:20"], 12.0),
    goal(Figure::CpuOf("htop"), &["10000:200:20"], 25.0),
    goal(Figure::CpuOf("btop"), &["10000:200:2000"], 5.0),
    goal(Figure::CpuOf("btop"), &["500:20:20"], 5.0),
    goal(Figure::CpuOf("btop"), &["10000:200:20 in slices"], 60.0),
    goal(
        Figure::Resident,
        &[
            "10000:200:20",
            "10000:200:2000",
            "10000:200:0",
            "10000:200:20 in slices",
        ],
        8.0,
    ),
    goal(Figure::FirstScreen, &[], 10.0),
    goal(Figure::TrueFigures, &["500:20:20"], 40.0),
    goal(Figure::TrueFigures, &["2000:200:20"], 60.0),
    goal(Figure::TrueFigures, &["10000:200:20"], 200.0),
    goal(
        Figure::Bytes,
        &["500:20:20", "2000:200:20", "10000:200:20"],
        150.0,
    ),
    goal(Figure::Bytes, &["10000:200:0"], 0.0),
    goal(Figure::Key, &[], 20.0),
];

/// Prints the table of the lines in the files, and one line for each goal.
pub(crate) fn print(files: &[&str]) -> anyhow::Result<ExitCode> {
    let all = read(files)?;
    anyhow::ensure!(!all.is_empty(), "nothing was measured");
    print_table(&all);
    print_ours(&all);
    let missing: Vec<&str> = TOOLS
        .iter()
        .map(|tool| tool.name)
        .filter(|name| all.iter().all(|figures| figures.tool != *name))
        .collect();
    if !missing.is_empty() {
        println!(
            "\nnot installed here, or not measured: {}",
            missing.join(", ")
        );
    }
    let others = all.iter().filter_map(|figures| most(&figures.others));
    if let Some(others) = others.max_by(f64::total_cmp).filter(|c| *c > DISTURBED) {
        println!("\nThe host was busy with other things, up to {others:.1} cores: measure again.");
    }
    println!();
    let mut met = true;
    for goal in &GOALS {
        met &= goal.judge(&all);
    }
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Each tool at each population once, in the order of the lines and of the tools.
fn read(files: &[&str]) -> anyhow::Result<Vec<Figures>> {
    let mut all: Vec<Figures> = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).with_context(|| (*file).to_owned())?;
        for line in text.lines() {
            let new: Figures = serde_json::from_str(line).with_context(|| (*file).to_owned())?;
            match find(&mut all, &new) {
                Some(known) => known.add(new),
                None => all.push(new),
            }
        }
    }
    Ok(all)
}

fn find<'a>(all: &'a mut [Figures], like: &Figures) -> Option<&'a mut Figures> {
    all.iter_mut()
        .find(|known| known.population == like.population && known.tool == like.tool)
}

fn of<'a>(all: &'a [Figures], population: &str, tool: &str) -> Option<&'a Figures> {
    all.iter()
        .find(|figures| figures.population == population && figures.tool == tool)
}

/// Cores in use by others beyond which figures say little: a busy population needs less.
const DISTURBED: f64 = 0.5;

const TITLES: [&str; 11] = [
    "population",
    "tool",
    "CPU ms/refresh",
    "to ours",
    "s/refresh",
    "bytes/refresh",
    "RSS MB",
    "anon MB",
    "first byte ms",
    "first screen ms",
    "others' cores",
];

fn print_table(all: &[Figures]) {
    let rows: Vec<Vec<String>> = all.iter().map(|figures| row(figures, all)).collect();
    let titles: Vec<String> = TITLES.iter().map(|title| (*title).to_owned()).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].len());
        cells.chain([TITLES[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let mut population = "";
    for (number, row) in std::iter::once(&titles).chain(&rows).enumerate() {
        if number > 1 && *row[0] != *population {
            println!();
        }
        population = &row[0];
        println!("{}", aligned(row, &widths));
    }
}

/// Names to the left, figures to the right.
fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    cells
        .map(|(column, (cell, width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        })
        .collect::<Vec<_>>()
        .join("  ")
}

fn row(figures: &Figures, all: &[Figures]) -> Vec<String> {
    let cpu = least(&figures.cpu_ms);
    let ours = of(all, &figures.population, OURS).and_then(|ours| least(&ours.cpu_ms));
    let ratio = cpu.zip(ours).map(|(cpu, ours)| cpu / ours);
    vec![
        figures.population.clone(),
        figures.tool.clone(),
        cell(cpu, 2),
        cell(ratio, 1),
        cell(median(&figures.period_s), 2),
        cell(mean(&figures.bytes), 1),
        cell(megabytes(&figures.resident), 1),
        cell(megabytes(&figures.anonymous), 1),
        cell(median(&figures.first_byte_ms), 1),
        cell(median(&figures.first_screen_ms), 1),
        cell(most(&figures.others), 2),
    ]
}

/// What only our console is asked for.
fn print_ours(all: &[Figures]) {
    println!();
    for figures in all.iter().filter(|figures| figures.tool == OURS) {
        println!(
            "{}: true figures after {} ms; a key answered in {} ms, the slowest of {} in {} ms",
            figures.population,
            cell(median(&figures.true_figures_ms), 1),
            cell(median(&figures.key_ms), 1),
            figures.key_ms.len(),
            cell(most(&figures.key_ms), 1),
        );
    }
}

impl Goal {
    /// Prints the goal with what was measured; false when it is missed.
    fn judge(&self, all: &[Figures]) -> bool {
        let values = all
            .iter()
            .filter(|figures| figures.tool == OURS && self.is_about(&figures.population))
            .filter_map(|figures| self.figure.value(figures, all));
        let worst = if self.figure.is_at_least() {
            values.min_by(f64::total_cmp)
        } else {
            values.max_by(f64::total_cmp)
        };
        let met = worst.map(|worst| {
            if self.figure.is_at_least() {
                worst >= self.limit
            } else {
                worst <= self.limit
            }
        });
        let word = match met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "not measured",
        };
        println!("{word:<13} {}", self.text(worst));
        met != Some(false)
    }

    fn is_about(&self, population: &str) -> bool {
        // Times that are promised of every population are those of a host of its own, and slices
        // may have to be measured on an emulated one.
        let is_any = self.at.is_empty() && !population.contains("slices");
        is_any || self.at.contains(&population)
    }

    fn text(&self, worst: Option<f64>) -> String {
        let at = self.at.join(", ");
        let at = if at.is_empty() {
            "every population"
        } else {
            &at
        };
        let limit = self.limit;
        let digits = if self.figure.is_at_least() { 2 } else { 1 };
        let worst = cell(worst, digits);
        match self.figure {
            Figure::CpuOf(peer) => {
                format!("CPU at {at}: 1/{worst} of {peer}'s, at most 1/{limit}")
            }
            Figure::Resident => format!("resident memory at {at}: {worst} MB, at most {limit}"),
            Figure::FirstScreen => format!("first screen at {at}: {worst} ms, at most {limit}"),
            Figure::TrueFigures => format!("true figures at {at}: {worst} ms, at most {limit}"),
            Figure::Bytes => format!("bytes in a refresh at {at}: {worst}, at most {limit}"),
            Figure::Key => format!("slowest key at {at}: {worst} ms, at most {limit}"),
        }
    }
}

impl Figure {
    fn is_at_least(self) -> bool {
        matches!(self, Self::CpuOf(_))
    }

    fn value(self, ours: &Figures, all: &[Figures]) -> Option<f64> {
        match self {
            Self::CpuOf(peer) => {
                let peer = of(all, &ours.population, peer)?;
                Some(least(&peer.cpu_ms)? / least(&ours.cpu_ms)?)
            }
            Self::Resident => megabytes(&ours.resident),
            Self::FirstScreen => median(&ours.first_screen_ms),
            Self::TrueFigures => median(&ours.true_figures_ms),
            Self::Bytes => mean(&ours.bytes),
            Self::Key => most(&ours.key_ms),
        }
    }
}

fn least(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

fn most(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// The most of some sizes, in millions of bytes.
fn megabytes(sizes: &[u64]) -> Option<f64> {
    sizes.iter().max().map(|bytes| *bytes as f64 / 1e6)
}

/// A figure, or that there is none.
fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
