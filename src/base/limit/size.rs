//! Numbers with K, M, G, …: read and written as `parse_size` of systemd does.

/// What a K is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// 1024: memory, files.
    Binary,
    /// 1000: rates.
    Decimal,
}

const SUFFIXES: [&str; 6] = ["K", "M", "G", "T", "P", "E"];

impl Base {
    fn power(self, exponent: usize) -> u64 {
        let base: u64 = match self {
            Self::Binary => 1024,
            Self::Decimal => 1000,
        };
        (0..exponent).fold(1, |power, _| power * base)
    }
}

/// Digits, perhaps a point and more digits, perhaps one suffix.
pub(super) fn parse(text: &str, base: Base) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if !digits(whole) || !digits(part) {
        return Err("it does not begin with a number".to_owned());
    }
    let exponent = match SUFFIXES.iter().position(|known| *known == suffix) {
        Some(at) => at + 1,
        None if matches!(suffix, "" | "B") => 0,
        None => {
            let first: String = suffix.chars().take(1).collect();
            let short = first.to_uppercase();
            let hint = if SUFFIXES.contains(&short.as_str()) {
                format!("{number}{short}")
            } else {
                format!("{number}G")
            };
            return Err(format!(
                "what stands after the number is none of K, M, G, T, P and E; write {hint}"
            ));
        }
    };
    let power = u128::from(base.power(exponent));
    let too_large = || "it is too large".to_owned();
    let whole: u128 = whole.parse().map_err(|_| too_large())?;
    // More digits than these say nothing about a byte.
    let part = &part[..part.len().min(18)];
    let scale = 10u128.pow(u32::try_from(part.len()).unwrap_or(0));
    let part = part.parse::<u128>().unwrap_or(0) * power / scale;
    let all = whole
        .checked_mul(power)
        .and_then(|all| all.checked_add(part));
    match all.map(u64::try_from) {
        // The largest number is what systemd keeps for infinity.
        Some(Ok(bytes)) if bytes < u64::MAX => Ok(bytes),
        _ => Err(too_large()),
    }
}

/// Exactly, with the largest suffix that leaves whole numbers.
pub(super) fn print(number: u64, base: Base) -> String {
    let best = (1..=SUFFIXES.len())
        .rev()
        .find(|exponent| number > 0 && number.is_multiple_of(base.power(*exponent)));
    match best {
        Some(exponent) => format!(
            "{}{}",
            number / base.power(exponent),
            SUFFIXES[exponent - 1]
        ),
        None => number.to_string(),
    }
}
