//! The tools through which accounts and sudo rights are changed.

use std::time::Duration;

use serde_json::json;

use crate::base::text::printable;
use crate::host::command;
use crate::host::root::Root;
use crate::model::findings::{Finding, Status};

const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn sudo(root: &Root) -> Finding {
    let why = "showing and granting rights for a while instead of root for everyone";
    let sudo = root.find_executable("sudo");
    let visudo = root.find_executable("visudo");
    let cvtsudoers = root.find_executable("cvtsudoers");
    let version = sudo.as_deref().and_then(|path| sudo_version(root, path));
    let is_rs = version.as_ref().is_some_and(|(name, _)| *name == "sudo-rs");
    let (status, found, todo) = match (&sudo, &version) {
        (None, _) => (
            Status::Missing,
            "not installed".to_owned(),
            Some("install the package sudo".to_owned()),
        ),
        (Some(path), None) => (
            if root.is_live() {
                Status::Unknown
            } else {
                Status::Ok
            },
            path.clone(),
            None,
        ),
        (Some(_), Some((name, version))) => {
            let found = format!("{name} {version}");
            if is_rs {
                (
                    Status::Partial,
                    format!("{found}, without cvtsudoers and NOTAFTER"),
                    Some("grants end by removal alone: keep the guard running".to_owned()),
                )
            } else if visudo.is_none() || cvtsudoers.is_none() {
                (
                    Status::Partial,
                    format!("{found}, without visudo or cvtsudoers"),
                    Some("install the whole package sudo".to_owned()),
                )
            } else {
                (Status::Ok, format!("{found}, visudo, cvtsudoers"), None)
            }
        }
    };
    let (implementation, number) = version.unzip();
    Finding {
        topic: "sudo",
        status,
        found,
        why,
        todo,
        facts: json!({
            "sudo": sudo, "implementation": implementation, "version": number,
            "visudo": visudo, "cvtsudoers": cvtsudoers,
        }),
    }
}

/// Which sudo this is, from the first line of `sudo -V`.
pub(in crate::host) fn sudo_version(root: &Root, path: &str) -> Option<(&'static str, String)> {
    if !root.is_live() {
        return None;
    }
    let out = command::run(path, &["-V"], PATIENCE).ok()?;
    let text = printable(out.stdout.split(|b| *b == b'\n').next()?, 80);
    if let Some(version) = text.strip_prefix("Sudo version ") {
        return Some(("sudo", version.to_owned()));
    }
    let version = text.strip_prefix("sudo-rs ")?;
    Some(("sudo-rs", version.to_owned()))
}

pub(super) fn shadow(root: &Root) -> Finding {
    const TOOLS: [&str; 9] = [
        "useradd", "usermod", "userdel", "groupadd", "groupdel", "gpasswd", "chpasswd", "chage",
        "passwd",
    ];
    let missing: Vec<&str> = TOOLS
        .into_iter()
        .filter(|tool| root.find_executable(tool).is_none())
        .collect();
    let (status, found, todo) = if missing.is_empty() {
        (Status::Ok, "all there".to_owned(), None)
    } else {
        (
            if missing.len() == TOOLS.len() {
                Status::Missing
            } else {
                Status::Partial
            },
            format!("without {}", missing.join(", ")),
            Some("install the package passwd (Debian) or shadow-utils".to_owned()),
        )
    };
    Finding {
        topic: "shadow",
        status,
        found,
        why: "adding, changing and removing accounts and groups",
        todo,
        facts: json!({ "missing": missing }),
    }
}
