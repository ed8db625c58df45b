//! Nobody's job takes the host away from the others: every attack by every way in, measured from
//! outside by those who suffer.
//!
//! Each cell has the machine to itself for two minutes, so they are asked for by
//! `tests/run --torture`: six as tests of their own, then all of them as one, which goes on where
//! it was interrupted and writes a line per cell.

mod cell;
mod kinds;

use std::io::Write as _;

use cell::{Cell, measure};
use kinds::{Protection, Way};

const ATTACKS: [&str; 10] = [
    "memory-eater",
    "memory-tree",
    "shm-filler",
    "fork-bomb",
    "busy-loops",
    "fsync-writers",
    "disk-filler",
    "inode-filler",
    "open-files",
    "daemoniser",
];
const WAYS: [Way; 9] = [
    Way::Ssh,
    Way::Su,
    Way::Cron,
    Way::At,
    Way::Rstudio,
    Way::Jupyter,
    Way::SystemdSpawner,
    Way::UserUnit,
    Way::Podman,
];
/// By every way in, and what others stand up to.
const BY_EVERY_WAY: [&str; 2] = ["memory-eater", "fork-bomb"];
const COMPARED: [Way; 4] = [Way::Ssh, Way::Su, Way::Cron, Way::Rstudio];

/// Every cell of the table, in its order.
fn plan() -> Vec<(Protection, Way, &'static str)> {
    let mut cells = Vec::new();
    let mut add = |cell| {
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    };
    for attack in ATTACKS {
        add((Protection::Benchwarden, Way::Rstudio, attack));
    }
    for attack in BY_EVERY_WAY {
        for way in WAYS {
            add((Protection::Benchwarden, way, attack));
        }
    }
    for protection in [
        Protection::Bare,
        Protection::ByHand,
        Protection::Oomd,
        Protection::Earlyoom,
    ] {
        for attack in BY_EVERY_WAY {
            for way in COMPARED {
                add((protection, way, attack));
            }
        }
    }
    cells
}

/// Nobody else notices it.
#[track_caller]
fn held(way: Way, attack: &str) {
    let cell = measure(Protection::Benchwarden, way, attack).expect("every host has it");
    eprintln!("{cell}");
    assert_eq!(cell.falls_short(), [""; 0], "{cell}");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn a_memory_eater_of_rstudio_is_held() {
    held(Way::Rstudio, "memory-eater");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn a_fork_bomb_of_cron_is_held() {
    held(Way::Cron, "fork-bomb");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn a_memory_tree_of_ssh_is_held() {
    held(Way::Ssh, "memory-tree");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn busy_loops_of_su_are_held() {
    held(Way::Su, "busy-loops");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn a_disk_filler_of_at_is_held() {
    held(Way::At, "disk-filler");
}

#[test]
#[ignore = "has the machine to itself for minutes: tests/run --torture"]
fn a_daemoniser_of_rstudio_is_held() {
    held(Way::Rstudio, "daemoniser");
}

#[test]
#[ignore = "takes hours: tests/run --torture"]
fn the_whole_table() {
    let path = std::env::var("BENCHWARDEN_TORTURE").expect("BENCHWARDEN_TORTURE names a file");
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let options = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path);
    let mut file = options.unwrap_or_else(|why| panic!("{path}: {why}"));
    let mut short = Vec::new();
    for (protection, way, attack) in plan() {
        let name = format!("{protection}\t{way}\t{attack}\t");
        if known.lines().any(|line| line.starts_with(&name)) {
            continue;
        }
        // A host that is lost tells nothing more: that is a result, too.
        let found = std::panic::catch_unwind(|| measure(protection, way, attack));
        let line = match &found {
            Ok(Some(cell)) => cell.to_string(),
            Ok(None) => format!("{name}not there"),
            Err(_) => format!("{name}the host was lost"),
        };
        writeln!(file, "{line}").unwrap();
        eprintln!("{line}");
        if protection == Protection::Benchwarden {
            let cell = found.ok().flatten();
            short.extend(
                cell.iter()
                    .flat_map(Cell::falls_short)
                    .map(|why| format!("{name}{why}")),
            );
        }
    }
    assert_eq!(short, [""; 0]);
}
