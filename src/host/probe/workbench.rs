//! The ways in that analysts use: RStudio Server and Jupyter.

use serde_json::json;

use crate::host::cgroup;
use crate::host::root::Root;
use crate::model::findings::{Finding, Status};

const UNIT_DIRS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

pub(super) fn rstudio(root: &Root) -> Finding {
    finding(
        root,
        "rstudio",
        "RStudio Server",
        &["rstudio-server.service", "rstudio-launcher.service"],
        &["/usr/lib/rstudio-server/bin/rserver"],
    )
}

pub(super) fn jupyter(root: &Root) -> Finding {
    let mut places = vec![
        "/usr/bin/jupyterhub".to_owned(),
        "/usr/local/bin/jupyterhub".to_owned(),
        "/opt/tljh/hub/bin/jupyterhub".to_owned(),
        "/usr/bin/jupyter".to_owned(),
        "/usr/local/bin/jupyter".to_owned(),
    ];
    // A virtual environment of its own is the usual way to install it.
    places.extend(
        root.list_names("/opt")
            .map(|name| format!("/opt/{name}/bin/jupyterhub")),
    );
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    finding(
        root,
        "jupyter",
        "Jupyter",
        &["jupyterhub.service", "jupyterhub-systemd.service"],
        &places,
    )
}

fn finding(
    root: &Root,
    topic: &'static str,
    name: &str,
    units: &[&'static str],
    programs: &[&str],
) -> Finding {
    let program = programs.iter().find(|path| root.is_executable(path));
    let installed: Vec<&str> = units
        .iter()
        .copied()
        .filter(|unit| {
            UNIT_DIRS
                .iter()
                .any(|dir| root.exists(&format!("{dir}/{unit}")))
        })
        .collect();
    let running: Vec<&str> = units
        .iter()
        .copied()
        .filter(|unit| cgroup::unit_runs(root, unit))
        .collect();
    let mut told: Vec<String> = program.iter().map(|p| (**p).to_owned()).collect();
    told.extend(installed.iter().map(|unit| {
        let state = if running.contains(unit) {
            "running"
        } else {
            "not running"
        };
        format!("{unit} {state}")
    }));
    let there = program.is_some() || !installed.is_empty() || !running.is_empty();
    Finding {
        topic,
        status: if there { Status::Ok } else { Status::Missing },
        found: if there {
            told.join(", ")
        } else {
            format!("no {name} found")
        },
        why: "its sessions run outside their owner's slice unless they are moved",
        todo: None,
        facts: json!({ "program": program, "units": installed, "running": running }),
    }
}
