//! The note for a newcomer: the site's own, or the one that is built in.

use crate::host::collect::host_name;
use crate::host::root::Root;
use crate::host::site;
use crate::plan::Plan;
use crate::plan::people::add::AddUser;
use crate::plan::people::welcome::{self, BUILT_IN, Welcome};

/// The site's own note.
pub const TEMPLATE: &str = "/etc/benchwarden/welcome.txt";

pub(super) fn note(root: &Root, wish: &AddUser, plan: &Plan) -> Welcome {
    let host = host_name(root);
    match site::text(root, TEMPLATE) {
        Ok(Some(template)) => welcome::note(&template, TEMPLATE, &host, wish, plan),
        Ok(None) => built_in(&host, wish, plan),
        Err(why) => {
            let mut welcome = built_in(&host, wish, plan);
            welcome
                .remarks
                .push(format!("{why}; this is the built-in note"));
            welcome
        }
    }
}

fn built_in(host: &str, wish: &AddUser, plan: &Plan) -> Welcome {
    welcome::note(BUILT_IN, "the built-in note", host, wish, plan)
}
