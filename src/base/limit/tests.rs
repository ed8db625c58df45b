use super::*;
use std::net::IpAddr;

use proptest::prelude::*;

fn same<T: FromStr<Err = BadValue> + fmt::Display>(text: &str) -> Result<String, String> {
    let read: Result<T, BadValue> = text.parse();
    read.map(|value| value.to_string())
        .map_err(|bad| bad.to_string())
}

fn no<T: FromStr<Err = BadValue> + fmt::Debug>(text: &str) -> String {
    text.parse::<T>().unwrap_err().to_string()
}

#[test]
fn shares_of_cpu_time_are_percents_of_a_core() {
    for text in ["400%", "12.5%", "0.01%", "6.05%", "infinity"] {
        assert_eq!(same::<Limit<CpuQuota>>(text).as_deref(), Ok(text));
    }
    let quota: CpuQuota = "250%".parse().unwrap();
    assert!((quota.cores() - 2.5).abs() < 1e-9);
    assert_eq!(quota.micros_per_second(), 2_500_000);
    for text in [
        "",
        "400",
        "0%",
        "0.00%",
        "-5%",
        "4 %",
        "1.234%",
        "%",
        ".5%",
        "5.%",
        "99999999999%",
        "Infinity",
        "1e3%",
    ] {
        let said = no::<Limit<CpuQuota>>(text);
        assert!(said.contains("400% for four, or infinity"), "{said}");
    }
}

#[test]
fn memory_is_bytes_with_systemds_suffixes_or_a_part() {
    type Memory = Limit<Amount<Size>>;
    let bytes = |text: &str| match text.parse::<Memory>().unwrap() {
        Limit::At(Amount::Fixed(size)) => size.0.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes("200G"), 200 << 30);
    assert_eq!(bytes("1.5G"), 3 << 29);
    assert_eq!(bytes("4096"), 4096);
    assert_eq!(bytes("4096B"), 4096);
    assert_eq!(bytes("0"), 0);
    for (text, printed) in [
        ("1536M", "1536M"),
        ("1.5G", "1536M"),
        ("1024K", "1M"),
        ("35%", "35%"),
        ("0", "0"),
    ] {
        assert_eq!(same::<Memory>(text).as_deref(), Ok(printed), "{text}");
    }
    for (text, word) in [
        ("200GB", "write 200G"),
        ("200g", "write 200G"),
        ("200 G", "write 200G"),
        ("lots", "does not begin with a number"),
        ("", "does not begin with a number"),
        ("101%", "more than 100%"),
        ("99999999999T", "too large"),
        ("18446744073709551615", "too large"),
        ("-1", "does not begin with a number"),
    ] {
        let said = no::<Memory>(text);
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn counts_and_weights_are_plain_numbers() {
    for text in ["4096", "33%", "infinity"] {
        assert_eq!(same::<Limit<Amount<Count>>>(text).as_deref(), Ok(text));
    }
    for text in ["+4", "4k", "", "18446744073709551615"] {
        no::<Limit<Amount<Count>>>(text);
    }
    assert_eq!(same::<Weight>("10000").as_deref(), Ok("10000"));
    for text in ["0", "10001", "+1", "idle", "", "-1"] {
        no::<Weight>(text);
    }
}

#[test]
fn rates_mean_the_homes_device_unless_a_path_is_there() {
    for text in [
        "50M",
        "/dev/vdb 50M",
        "/srv/with blank 1K",
        "/home infinity",
    ] {
        assert_eq!(same::<IoMax>(text).as_deref(), Ok(text));
    }
    let rate: IoRate = "50M".parse().unwrap();
    assert_eq!(rate, IoRate(50_000_000));
    for text in [
        "vdb 50M",
        "0",
        "/dev/vdb",
        "/dev/vdb 0",
        "/a\"b 5M",
        "",
        "50%",
    ] {
        no::<IoMax>(text);
    }
    let twice = ["50M", "60M"].map(|text| text.parse().unwrap()).to_vec();
    assert!(IoRates::new(twice).is_err() && IoRates::new(vec![]).is_err());
}

#[test]
fn addresses_are_networks_or_systemds_words() {
    for text in [
        "any",
        "localhost",
        "link-local",
        "multicast",
        "10.0.0.0/8",
        "10.1.2.3",
        "fd00::/8",
        "::1",
        "0.0.0.0/0",
        "::/0",
    ] {
        assert_eq!(same::<IpRule>(text).as_deref(), Ok(text));
    }
    assert!(no::<IpRule>("10.1.2.3/8").ends_with("the network is 10.0.0.0/8"));
    for text in [
        "example.org",
        "10.0.0.0/33",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "",
        "::/129",
    ] {
        no::<IpRule>(text);
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(
        number in 0..u64::MAX,
        hundredths in 1..=u32::MAX,
        part in 0u16..=10_000,
        v4: u32,
        v6: u128,
        bits in 0u8..=128,
    ) {
        let size = Size(Bytes(number));
        prop_assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        let rate = IoRate(number.max(1));
        prop_assert_eq!(rate.to_string().parse::<IoRate>().unwrap(), rate);
        let quota = CpuQuota(hundredths);
        prop_assert_eq!(quota.to_string().parse::<CpuQuota>().unwrap(), quota);
        let percent = Percent(part);
        prop_assert_eq!(percent.to_string().parse::<Percent>().unwrap(), percent);
        for address in [IpAddr::from(v4.to_be_bytes()), IpAddr::from(v6.to_be_bytes())] {
            let prefix = if address.is_ipv4() { bits.min(32) } else { bits };
            let text = format!("{}/{prefix}", super::net::network(address, prefix));
            let rule: IpRule = text.parse().unwrap();
            prop_assert_eq!(rule.to_string().parse::<IpRule>().unwrap(), rule);
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,12}|[0-9.]{1,40}[%KMGTPEB]?|[/ 0-9a-f:.]{0,20}") {
        if let Ok(value) = text.parse::<Limit<Amount<Size>>>() {
            prop_assert_eq!(value.to_string().parse::<Limit<Amount<Size>>>().unwrap(), value);
        }
        if let Ok(value) = text.parse::<IoMax>() {
            prop_assert_eq!(value.to_string().parse::<IoMax>().unwrap(), value);
        }
        if let Ok(value) = text.parse::<Limit<CpuQuota>>() {
            prop_assert_eq!(value.to_string().parse::<Limit<CpuQuota>>().unwrap(), value);
        }
        let _ = text.parse::<IpRule>();
    }

    #[test]
    fn a_part_is_never_more_than_the_whole(part in 0u16..=10_000, whole: u64) {
        prop_assert!(Percent(part).of(whole) <= whole);
        prop_assert_eq!(Percent::ALL.of(whole), whole);
    }
}

#[test]
fn times_are_a_number_and_a_unit() {
    for text in ["10s", "5m", "2h", "7d", "0s", "90s"] {
        assert_eq!(same::<Span>(text).as_deref(), Ok(text));
    }
    assert_eq!(same::<Span>("60s").as_deref(), Ok("1m"));
    for text in [
        "",
        "5",
        "m",
        "-5m",
        "5 m",
        "5min",
        "4000d",
        "99999999999999999999d",
    ] {
        no::<Span>(text);
    }
}
