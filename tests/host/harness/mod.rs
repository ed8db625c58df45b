//! A fresh Debian for each test, and what a person does with it.
//!
//! ```ignore
//! let host = Host::fresh(Release::Bookworm);
//! host.run("echo kept > /root/kept").ok();
//! let busy = host.as_user("alice").spawn("while :; do :; done");
//! let mut console = host.as_user("ada").terminal((80, 24), "sudo benchwarden");
//! console.wait_for("alice");
//! ```
//!
//! When a test fails, the commands and their output, the last screens and the journal's tail are
//! printed; of a host that answers no more, the serial console. Everything has a time limit. A
//! test that leaves a process behind fails.

mod evidence;
mod host;
mod image;
mod leftovers;
mod machine;
mod output;
mod program;
mod ssh;
mod terminal;
mod user;

use std::time::Duration;

pub use host::Host;
pub use image::{Release, manifest};
pub use output::Output;
pub use terminal::{Key, Terminal};
pub use user::Job;

/// Emulation is ten to twenty times slower than the machine it runs on.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The same test on Debian 12 and on Debian 13.
macro_rules! on_both {
    ($(#[$meta:meta])* fn $name:ident($host:ident) $body:block) => {
        mod $name {
            use super::*;

            fn story($host: &Host) $body

            $(#[$meta])*
            #[test]
            fn bookworm() {
                story(&Host::fresh(Release::Bookworm));
            }

            $(#[$meta])*
            #[test]
            fn trixie() {
                story(&Host::fresh(Release::Trixie));
            }
        }
    };
}
pub(crate) use on_both;

/// A test of what no version changes: on Debian 12 alone.
macro_rules! on_debian_12 {
    ($(#[$meta:meta])* fn $name:ident($host:ident) $body:block) => {
        #[test]
        $(#[$meta])*
        fn $name() {
            let fresh = Host::fresh(Release::Bookworm);
            let $host = &fresh;
            $body
        }
    };
}
pub(crate) use on_debian_12;
