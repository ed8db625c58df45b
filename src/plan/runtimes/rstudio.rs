//! The one setting of RStudio Server that says which R it starts, for everybody.

/// The file.
pub const CONF: &str = "/etc/rstudio/rserver.conf";
/// The setting.
const KEY: &str = "rsession-which-r";
/// Before the line that is ours.
const OURS: &str = "# The next line is benchwarden's; `benchwarden runtime reset` takes it out.";
/// Before a line of somebody else's that ours overrules.
const THEIRS: &str = "# benchwarden-was ";

/// The file with this R in it; everything else stays.
#[must_use]
pub fn with(text: &str, path: &str) -> String {
    let bare = without(text);
    let mut new = String::new();
    for line in bare.split_inclusive('\n') {
        let is_setting = line
            .split_once('=')
            .is_some_and(|(key, _)| key.trim() == KEY);
        if is_setting {
            new.push_str(THEIRS);
        }
        new.push_str(line);
    }
    // What is ours begins with a line's end where the file has none: it goes with it.
    if !new.is_empty() && !new.ends_with('\n') {
        new.push('\n');
        return format!("{new}{OURS} \n{KEY}={path}\n");
    }
    format!("{new}{OURS}\n{KEY}={path}\n")
}

/// The file as it was before.
#[must_use]
pub fn without(text: &str) -> String {
    let mut bare = String::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let plain = line.trim_end_matches('\n');
        if plain.trim_end() == OURS {
            lines.next();
            if plain.ends_with(' ') {
                bare.pop();
            }
            continue;
        }
        bare.push_str(line.strip_prefix(THEIRS).unwrap_or(line));
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::runtimes::parse::setting;
    use proptest::prelude::*;

    #[test]
    fn somebodys_own_setting_comes_back() {
        let text = "www-port=8787\nrsession-which-r=/opt/R/4.2.2/bin/R\nx=1\n";
        let new = with(text, "/opt/R/4.5.0/bin/R");
        assert_eq!(setting(&new, KEY).as_deref(), Some("/opt/R/4.5.0/bin/R"));
        assert!(new.contains("\n# benchwarden-was rsession-which-r=/opt/R/4.2.2/bin/R\n"));
        let newer = with(&new, "/opt/R/4.6.0/bin/R");
        assert_eq!(setting(&newer, KEY).as_deref(), Some("/opt/R/4.6.0/bin/R"));
        assert_eq!(without(&newer), text);
        assert_eq!(without(text), text);
    }

    proptest! {
        #[test]
        fn what_was_there_comes_back_to_the_byte(
            lines in proptest::collection::vec("[a-z =#/.-]{0,20}|rsession-which-r ?= ?/[a-z/]{0,9}", 0..6),
            end in any::<bool>(),
        ) {
            let mut text = lines.join("\n");
            if end && !text.is_empty() {
                text.push('\n');
            }
            let new = with(&text, "/opt/R/4.5.0/bin/R");
            let told = setting(&new, KEY);
            prop_assert_eq!(told.as_deref(), Some("/opt/R/4.5.0/bin/R"));
            prop_assert_eq!(without(&new), text);
        }
    }
}
