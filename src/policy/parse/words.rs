//! The valid word that somebody probably meant.

/// The nearest of several words; upper case and what parts the words of a name do not count, so
/// that systemd's own names lead to ours.
#[must_use]
pub fn nearest<'a>(wrong: &str, words: &[&'a str]) -> Option<&'a str> {
    let plain = |word: &str| -> String {
        let letters = word.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).take(64).collect()
    };
    let wrong = plain(wrong);
    // The beginning of a word is rather meant than another word of its length.
    let distance = |word: &&&str| {
        let word = plain(word);
        let begun = wrong.len() > 2 && word.starts_with(&wrong);
        (!begun, strsim::osa_distance(&wrong, &word))
    };
    words.iter().min_by_key(distance).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_systemds_names_lead_to_ours() {
        let keys = crate::policy::schema::Key::ALL.map(crate::policy::schema::Key::name);
        for (wrong, right) in [
            ("memroy_max", "memory_max"),
            ("MemoryMax", "memory_max"),
            ("CPUQuota", "cpu_quota"),
            ("cpuquota", "cpu_quota"),
            ("IOReadIOPSMax", "io_read_iops_max"),
            ("task_max", "tasks_max"),
            ("memory_swap", "memory_swap_max"),
        ] {
            assert_eq!(nearest(wrong, &keys), Some(right));
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
