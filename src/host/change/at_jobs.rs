//! Jobs of `at(1)`: files of their owner in a spool that root alone writes.

use rustix::fs::FileType;

use crate::host::durable;
use crate::host::root::Root;

use super::ActionError;

/// Moves the waiting jobs of a uid. What else is in the spool, atd's own counter among it, stays.
pub(super) fn move_all(root: &Root, uid: u32, from: &str, to: &str) -> Result<(), ActionError> {
    durable::directory(root, to, 0o700)?;
    for name in root.list_names(from) {
        let path = format!("{from}/{name}");
        let theirs = durable::stat(root, &path).is_some_and(|stat| {
            stat.st_uid == uid && FileType::from_raw_mode(stat.st_mode).is_file()
        });
        if theirs && !name.starts_with('.') {
            durable::move_file(root, &path, &format!("{to}/{name}"))?;
        }
    }
    Ok(())
}
