//! What a program that goes on notices of the policy files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod common;

use benchwarden::engine::policies::{self, News, Seen};
use benchwarden::host::root::Root;
use common::Fixture;

const BAD: &str = "etc/benchwarden/policy.d/60-site.toml";

#[test]
fn what_becomes_of_the_files_is_told_once_each_time() {
    let host = Fixture::v2(4);
    let root = Root::fixture(host.path()).unwrap();
    let changed = || News::Changed(Box::new(policies::of(&root).policy.unwrap()));
    let (mut seen, at_first) = Seen::now(&root);
    assert_eq!(at_first, changed(), "nothing is a policy too");
    assert_eq!(seen.look(&root), None);
    host.put(
        "etc/benchwarden/policy.toml",
        "[limits.default]\ntasks_max = 99\n",
    );
    assert_eq!(seen.look(&root), Some(changed()));
    assert_eq!(seen.look(&root), None);
    host.put(BAD, "[limits.default]\ntasks_maxx = 9\n");
    let Some(News::Broken(problems)) = seen.look(&root) else {
        panic!("it is broken");
    };
    assert_eq!(
        (&*problems[0].file, problems[0].line),
        (&*format!("/{BAD}"), 2)
    );
    assert_eq!(seen.look(&root), None, "that is said already");
    let (_, at_once) = Seen::now(&root);
    assert_eq!(at_once, News::Broken(problems));
    std::fs::remove_file(host.path().join(BAD)).unwrap();
    assert_eq!(seen.look(&root), Some(changed()));
    assert_eq!(Seen::now(&root).1, changed());
}
