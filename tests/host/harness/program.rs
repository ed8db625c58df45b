//! The program under test, on a disk of its own: what goes over ssh is deciphered by an emulated
//! processor, and takes seconds.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::leftovers;

/// As large as the image has it: see `recipe/machine.sh`.
const SIZE: u64 = 64 << 20;
/// Where the program begins. What comes before and after, the kernel has looked at: it seeks
/// partitions there.
const AT_MIB: u64 = 1;

struct Disk {
    dir: TempDir,
    /// How long the program is.
    length: u64,
}

fn made() -> &'static Disk {
    static MADE: OnceLock<Disk> = OnceLock::new();
    MADE.get_or_init(|| {
        let built = std::env::var("BENCHWARDEN_BIN").map_or_else(
            |_| PathBuf::from(env!("CARGO_BIN_EXE_benchwarden")),
            PathBuf::from,
        );
        let dir = leftovers::directory();
        let open = File::open(&built);
        let mut program =
            open.unwrap_or_else(|why| panic!("{}: {why}; build it first", built.display()));
        let mut disk = File::create(dir.path().join("disk")).unwrap();
        disk.seek(SeekFrom::Start(AT_MIB << 20)).unwrap();
        let length = std::io::copy(&mut program, &mut disk).unwrap();
        assert!(
            length + ((2 * AT_MIB) << 20) < SIZE,
            "the disk is too small"
        );
        disk.set_len(SIZE).unwrap();
        Disk { dir, length }
    })
}

/// Where the disk is on this machine.
pub(super) fn disk() -> PathBuf {
    made().dir.path().join("disk")
}

/// What puts the program on it where a package would.
pub(super) fn install() -> String {
    let length = made().length;
    let to = "/usr/bin/benchwarden";
    format!(
        "umask 077; dd if=/dev/vdb bs=1M skip={AT_MIB} count={length} iflag=count_bytes \
         of={to} status=none && chmod 755 {to}"
    )
}
