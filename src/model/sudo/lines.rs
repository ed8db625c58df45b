//! A sudoers file as statements: comments gone, continued lines joined, each with its first line.

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its first line, from 1.
    pub line: u32,
    /// What it says, on one line.
    pub text: String,
}

/// What is included where a statement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Include {
    /// A file.
    File(String),
    /// Every file of a directory, apart from those whose names have a `.` or end in `~`.
    Dir(String),
}

/// The text of a file: UTF-8, or else Latin-1, in which every byte is a character.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The statements of a file.
#[must_use]
pub fn statements(text: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut open: Option<Statement> = None;
    for (number, line) in (1..).zip(text.split('\n')) {
        // Elsewhere sudo does not take a carriage return, and whoever reads the line says so.
        let bare = line.strip_suffix('\r').unwrap_or(line);
        let line = if bare.ends_with('\\') { bare } else { line };
        let fresh = open.is_none();
        let start = open.as_ref().map_or("", |open| open.text.as_str());
        let (kept, comment) = without_comment(start, line, fresh);
        let statement = open.get_or_insert_with(|| Statement {
            line: number,
            text: String::new(),
        });
        let goes_on = !comment && ends_in_odd_backslashes(kept);
        let kept = if goes_on {
            &kept[..kept.len() - 1]
        } else {
            kept
        };
        statement.text.push_str(kept);
        if goes_on {
            statement.text.push(' ');
            continue;
        }
        all.extend(open.take().filter(|done| !done.text.trim().is_empty()));
    }
    all.extend(open.filter(|done| !done.text.trim().is_empty()));
    for statement in &mut all {
        statement.text = statement.text.trim_matches([' ', '\t']).to_owned();
    }
    all
}

fn ends_in_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The line up to its comment, and whether there is one. `#` is a uid where a name may stand.
fn without_comment<'a>(before: &str, line: &'a str, fresh: bool) -> (&'a str, bool) {
    let trimmed = line.trim_start();
    if fresh && (trimmed.starts_with("#include ") || trimmed.starts_with("#includedir ")) {
        return (line, false);
    }
    let mut last = before.trim_end().chars().last();
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if escaped {
            (escaped, last) = (false, Some('\\'));
            continue;
        }
        match c {
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '#' if !quoted => {
                let rest = line[at + 1..].trim_start_matches('-');
                let number = rest.starts_with(|c: char| c.is_ascii_digit());
                let named = last.is_none_or(|last| ",!(:=%>@".contains(last));
                if !(number && named) {
                    return (&line[..at], true);
                }
            }
            _ => {}
        }
        if !c.is_whitespace() {
            last = Some(c);
        }
    }
    (line, false)
}

/// What a statement includes; `host` stands for `%h`.
#[must_use]
pub fn include(text: &str, host: &str) -> Option<Include> {
    let rest = text.strip_prefix(['@', '#'])?.strip_prefix("include")?;
    let (is_dir, rest) = match rest.strip_prefix("dir") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let path = rest.strip_prefix([' ', '\t'])?.trim();
    let path = match path.strip_prefix('"').and_then(|p| p.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => path.replace("\\ ", " "),
    };
    let path = path.replace("%h", host);
    if path.is_empty() {
        return None;
    }
    Some(if is_dir {
        Include::Dir(path)
    } else {
        Include::File(path)
    })
}

/// Why a name in an included directory is passed over.
#[must_use]
pub fn passed_over(name: &str) -> Option<&'static str> {
    if name.ends_with('~') {
        Some("its name ends in ~")
    } else if name.contains('.') {
        Some("its name has a dot")
    } else {
        None
    }
}
