//! GPUs per person, with a driver that a C compiler makes on the spot: what the program loads at
//! run time is a real library, only its GPUs are not.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Compiles the driver into a directory.
fn driver(dir: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gpu/driver.c");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(dir.join("libnvidia-ml.so.1"))
        .arg(source)
        .status();
    assert!(made.expect("a C compiler").success());
}

fn usage(dir: &Path, more: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_benchwarden"))
        .args(["usage", "--all", "--interval", "300ms"])
        .args(args)
        .env("LD_LIBRARY_PATH", dir)
        .env("FAKE_GPU_PID", std::process::id().to_string())
        .envs(more.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn what_a_person_has_of_the_gpus_is_in_the_document() {
    let dir = tempfile::tempdir().unwrap();
    driver(dir.path());
    // Measured for a while: the driver is asked beside the first sample.
    let out = usage(dir.path(), &[], &["--json", "--count", "3"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let gpus = last["host"]["gpus"].as_array().unwrap();
    assert_eq!(gpus.len(), 2, "{last:#}");
    assert_eq!(gpus[0]["name"], "Test \\x1b[31mGPU");
    assert_eq!(gpus[0]["busy_percent"], 55);
    assert_eq!(gpus[0]["memory_used_bytes"], 20_u64 << 30);
    let users = last["users"].as_array().unwrap();
    let own = rustix::process::getuid().as_raw();
    for user in users {
        let is_own = user["uid"] == own;
        // On two GPUs; and in two lists of each, which is still once.
        let (memory, busy) = if is_own { (6_u64 << 30, 0.8) } else { (0, 0.0) };
        assert_eq!(user["gpu_memory_bytes"], memory, "{user:#}");
        assert_eq!(user["gpu_busy"], busy, "{user:#}");
    }
    assert!(users.iter().any(|user| user["uid"] == own));
}

#[test]
fn without_a_driver_nothing_speaks_of_gpus() {
    let dir = tempfile::tempdir().unwrap();
    let out = usage(dir.path(), &[], &["--json"]);
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    if document["host"]["gpus"] == serde_json::json!([]) {
        assert!(!document["users"].to_string().contains("gpu"));
    }
}

#[test]
fn a_driver_that_hangs_delays_nothing() {
    let dir = tempfile::tempdir().unwrap();
    driver(dir.path());
    let begun = std::time::Instant::now();
    let out = usage(dir.path(), &[("FAKE_GPU_HANGS", "1")], &["--count", "2"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    assert!(begun.elapsed().as_secs() < 30);
}
