//! Values in one wording.

use super::*;

const HOST: HostSize = HostSize {
    memory: Bytes(2_086_952_960),
    page: Bytes(4096),
    tasks: 15_700,
    cpus: 2,
};

fn meant(key: Key, values: &[&str]) -> Option<String> {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let devices = |path: &str| (path == "/home").then(|| "254:0".to_owned());
    Directive::Of(key).meant(&values, &HOST, &devices)
}

#[test]
fn one_wording_whoever_says_it() {
    for (key, said, kernel) in [
        (Key::MemoryMax, "500M", "524288000\n"),
        (Key::MemoryMax, "infinity", "max\n"),
        (Key::TasksMax, "900", "900\n"),
        (Key::CpuQuota, "150%", "150000 100000\n"),
        (Key::CpuQuota, "infinity", "max 100000\n"),
        (Key::CpuWeight, "77", "77\n"),
        (Key::IoWeight, "50", "default 50\n"),
        (
            Key::IoReadBandwidthMax,
            "/home 50M",
            "254:0 rbps=50000000 wbps=max riops=max wiops=max\n",
        ),
        (
            Key::IoWriteIopsMax,
            "",
            "254:0 rbps=5 wbps=max riops=max wiops=max\n",
        ),
    ] {
        let directive = Directive::Of(key);
        assert_eq!(meant(key, &[said]), directive.in_kernel(kernel), "{key:?}");
    }
}

#[test]
fn shares_are_counted_as_systemd_counts_them() {
    assert_eq!(
        meant(Key::MemoryMax, &["40%"]).as_deref(),
        Some("834781184")
    );
    assert_eq!(meant(Key::TasksMax, &["33%"]).as_deref(), Some("5181"));
    assert_eq!(meant(Key::MemoryMax, &["5000"]).as_deref(), Some("4096"));
}

#[test]
fn lists_add_up_until_an_empty_line() {
    let deny = |lines: &[&str]| meant(Key::IpDeny, lines).unwrap();
    assert_eq!(
        deny(&["10.0.0.0/8", "localhost"]),
        "10.0.0.0/8, 127.0.0.0/8, ::1/128"
    );
    assert_eq!(deny(&["any", "", "10.0.0.1"]), "10.0.0.1/32");
    assert_eq!(deny(&["any", ""]), "none");
    let rates = |lines: &[&str]| meant(Key::IoReadBandwidthMax, lines);
    assert_eq!(
        rates(&["/home 5M", "/home 7M"]).as_deref(),
        Some("254:0 7000000")
    );
    assert_eq!(
        rates(&["/nowhere 5M"]),
        None,
        "no device that could be bounded"
    );
}

#[test]
fn what_cannot_be_understood_is_no_value() {
    assert_eq!(meant(Key::MemoryMax, &["plenty"]), None);
    assert_eq!(Directive::Of(Key::MemoryMax).in_kernel("plenty"), None);
    assert_eq!(meant(Key::CpuWeight, &["idle"]), None);
}

#[test]
fn values_are_told_as_people_write_them() {
    assert_eq!(Directive::Of(Key::CpuQuota).told("1500000"), "150%");
    assert_eq!(Directive::Of(Key::TasksMax).told("77"), "77");
    assert_eq!(Directive::Of(Key::MemoryMax).told("infinity"), "infinity");
}
