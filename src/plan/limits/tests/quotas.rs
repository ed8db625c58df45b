//! Quotas of homes.

use super::super::quota::{self, Quota, QuotaState};
use super::*;

/// What alice may occupy, and does.
fn with_quota(mut present: Present, quota: Quota) -> Present {
    let state = QuotaState {
        device: "/dev/vda".into(),
        quota,
        used: Bytes(3 << 30),
        files: 500,
    };
    present.quotas.insert(1001, state);
    present
}

#[test]
fn a_quota_is_set_where_it_is_said_and_what_is_not_said_stays() {
    let there = Quota {
        soft_files: 7,
        ..Quota::default()
    };
    let wishes = wished("[limits.user.alice]\ndisk_hard = \"2G\"\ninodes_hard = 100\n");
    let present = with_quota(in_force(written(&wishes)), there);
    let plan = planned(&wishes, &present);
    let wanted = Quota {
        hard_kib: 2 << 20,
        hard_files: 100,
        ..there
    };
    let set = |quota: Quota| Action::SetQuota {
        device: "/dev/vda".into(),
        uid: 1001,
        quota,
    };
    assert_eq!(plan.steps[0].action, set(wanted));
    assert_eq!(
        crate::plan::undo::plan("P", &plan, &[0]).steps[0].action,
        set(there)
    );
    let told = plan.warnings.join("\n");
    assert!(
        told.contains("nothing more can be written") && told.contains("500 files"),
        "{told}"
    );
    let found = drift::find(&wishes, &present);
    assert_eq!(
        found.iter().map(|one| one.kind).collect::<Vec<_>>(),
        [Kind::Quota]
    );
    let set_already = with_quota(in_force(written(&wishes)), wanted);
    assert_eq!(planned(&wishes, &set_already).steps, []);
}

#[test]
fn a_quota_without_a_file_system_that_keeps_it_is_said_to_be_without_effect() {
    let wishes = wished("[limits.user.alice]\ndisk_hard = \"2G\"\n");
    let plan = planned(&wishes, &in_force(written(&wishes)));
    assert!(
        plan.warnings[0].contains("keeps none"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn what_is_cleared_is_no_bound_again_and_what_others_set_stays() {
    let before = wished("[limits.user.alice]\ndisk_hard = \"2G\"\ndisk_soft = \"1G\"\n");
    let mut after = wished("[limits.user.alice]\ndisk_soft = \"1G\"\n").quotas;
    quota::release(&before.quotas, &mut after);
    assert_eq!(after[0].bounds, [Some(1 << 20), Some(0), None, None]);
    let mut none = Vec::new();
    quota::release(&before.quotas, &mut none);
    assert_eq!(none[0].bounds, [Some(0), Some(0), None, None]);
    // Nothing takes a quota back when its time is over.
    let passing = "disk_hard = { value = \"2G\", until = 2099-01-01T00:00:00Z }";
    assert_eq!(
        wished(&format!("[limits.user.alice]\n{passing}\n")).quotas,
        []
    );
}
