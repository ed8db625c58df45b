//! The account files of `/etc`, read at once.

use crate::host::root::Root;
use crate::model::people::local::{Local, Problem};
use crate::model::people::{defs, parse};

/// All of them, and what could not be read.
pub(super) fn read(root: &Root) -> (Local, Vec<String>) {
    let mut partial = Vec::new();
    let mut problems = Vec::new();
    let passwd = list(
        root,
        "/etc/passwd",
        &mut partial,
        &mut problems,
        parse::passwd,
    );
    let groups = list(
        root,
        "/etc/group",
        &mut partial,
        &mut problems,
        parse::group,
    );
    let subuids = list(
        root,
        "/etc/subuid",
        &mut partial,
        &mut problems,
        parse::subids,
    );
    let subgids = list(
        root,
        "/etc/subgid",
        &mut partial,
        &mut problems,
        parse::subids,
    );
    let shadow = match root.read("/etc/shadow") {
        Ok(Some(bytes)) => Some(parse::shadow("/etc/shadow", &bytes, &mut problems)),
        Ok(None) => None,
        Err(error) => {
            let remedy = if error.denied() { "; root may" } else { "" };
            partial.push(format!("passwords and expiry: {error}{remedy}"));
            None
        }
    };
    let bounds = bytes(root, "/etc/login.defs", &mut partial);
    let bounds = defs::login_defs("/etc/login.defs", &bounds, &mut problems);
    let shells = defs::shells(&bytes(root, "/etc/shells", &mut partial));
    partial.extend(problems.iter().map(Problem::to_string));
    let local = Local {
        passwd,
        groups,
        shadow,
        subuids,
        subgids,
        defs: bounds,
        shells,
        problems,
    };
    (local, partial)
}

fn list<T>(
    root: &Root,
    file: &'static str,
    partial: &mut Vec<String>,
    problems: &mut Vec<Problem>,
    parse: impl Fn(&'static str, &[u8], &mut Vec<Problem>) -> Vec<T>,
) -> Vec<T> {
    parse(file, &bytes(root, file, partial), problems)
}

/// A file, empty where it is absent; what else stands in the way is noted.
fn bytes(root: &Root, file: &'static str, partial: &mut Vec<String>) -> Vec<u8> {
    match root.read(file) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => {
            partial.push(error.to_string());
            Vec::new()
        }
    }
}
