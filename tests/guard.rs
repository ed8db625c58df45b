//! `guard` where there is nothing to guard.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::Fixture;

#[test]
fn a_fixture_tree_is_looked_at_and_not_guarded() {
    let said = Fixture::v2(4).run(&["guard"]);
    assert_eq!(said.status.code(), Some(3));
    let why = String::from_utf8(said.stderr).unwrap();
    assert!(why.contains("leave --root out"), "{why}");
    assert!(said.stdout.is_empty());
}
