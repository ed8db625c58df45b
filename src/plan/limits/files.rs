//! The files that say something about a unit, and which of them wins: `systemd.unit(5)`.
//!
//! A unit's drop-ins are sorted by file name across all directories; of two with one name the one
//! in the more particular directory hides the other, and of two such the one that is earlier in
//! the path systemd looks in.

use super::directive::Directive;

/// Where systemd looks for the units of a system, the most important first.
pub const LOOKED_IN: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// A file about a unit, or about several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// Its path on the host.
    pub path: String,
    /// What is in it; `None` where it cannot be read.
    pub text: Option<String>,
    /// Owner, permissions and content, as facts tell a file.
    pub fact: String,
    /// Who owns it.
    pub owner: u32,
    /// When it was last changed, in seconds since 1970.
    pub modified: i64,
}

/// What a setting is in the end, and who said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// The lines that count; none where nobody says anything.
    pub values: Vec<String>,
    /// The file that said the last of them.
    pub by: Option<&'a UnitFile>,
    /// Files that said something else before it, the last one first.
    pub over: Vec<&'a UnitFile>,
}

impl UnitFile {
    /// The directory it is in: `/etc/systemd/system/user.slice.d`.
    #[must_use]
    pub fn dir(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(_, name)| name)
    }

    /// What it says, in its order; an empty value takes back what stands before it.
    #[must_use]
    pub fn assignments(&self) -> Vec<(Directive, String)> {
        assignments(self.text.as_deref().unwrap_or(""))
    }
}

/// The settings of resources in a unit's file.
#[must_use]
pub fn assignments(text: &str) -> Vec<(Directive, String)> {
    let mut found = Vec::new();
    let mut about_resources = false;
    for line in logical_lines(text) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            about_resources = matches!(section, "Slice" | "Service" | "Scope" | "Socket" | "Mount");
        } else if about_resources
            && let Some((name, value)) = line.split_once('=')
            && let Some(directive) = Directive::find(name.trim())
        {
            found.push((directive, value.trim().to_owned()));
        }
    }
    found
}

/// Lines without comments; a backslash at the end of one takes the next to it.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) || (line.is_empty() && !open) {
            continue;
        }
        let (line, more) = line.strip_suffix('\\').map_or((line, false), |l| (l, true));
        match lines.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            None => lines.push(line.trim().to_owned()),
        }
        open = more;
    }
    lines
}

/// The names of the directories whose drop-ins are about a unit, the most particular first:
/// `user-1001.slice.d`, `user-.slice.d`, `slice.d`.
#[must_use]
pub fn directories(unit: &str) -> Vec<String> {
    let Some((stem, kind)) = unit.rsplit_once('.') else {
        return Vec::new();
    };
    let mut names = vec![format!("{unit}.d")];
    let dashes: Vec<usize> = stem.match_indices('-').map(|(at, _)| at).collect();
    for at in dashes.into_iter().rev() {
        let prefix = format!("{}.{kind}.d", &stem[..=at]);
        if prefix != names[0] {
            names.push(prefix);
        }
    }
    names.push(format!("{kind}.d"));
    names
}

/// Of all files those that are about a unit, in the order in which systemd reads them.
#[must_use]
pub fn about<'a>(unit: &str, files: &'a [UnitFile]) -> Vec<&'a UnitFile> {
    let mut ordered: Vec<&UnitFile> = Vec::new();
    let in_place = |path: String| files.iter().find(move |file| file.path == path);
    let own = LOOKED_IN.iter().map(|dir| format!("{dir}/{unit}"));
    let fragment = own.into_iter().find_map(in_place);
    for name in directories(unit) {
        for dir in LOOKED_IN {
            let dir = format!("{dir}/{name}");
            for file in files.iter().filter(|file| file.dir() == dir) {
                let hidden = ordered.iter().any(|other| other.name() == file.name());
                if file.name().ends_with(".conf") && !hidden {
                    ordered.push(file);
                }
            }
        }
    }
    ordered.sort_by(|a, b| a.name().cmp(b.name()));
    fragment.into_iter().chain(ordered).collect()
}

/// What a setting of a unit is by these files, as [`about`] orders them.
#[must_use]
pub fn said<'a>(files: &[&'a UnitFile], directive: Directive) -> Said<'a> {
    let mut said = Said::default();
    for file in files {
        let mut speaks = false;
        for (other, value) in file.assignments() {
            if other != directive {
                continue;
            }
            speaks = true;
            if !directive.is_list() || value.is_empty() {
                said.values.clear();
            }
            if !value.is_empty() {
                said.values.push(value);
            }
        }
        if speaks && let Some(before) = said.by.replace(file) {
            said.over.insert(0, before);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::schema::Key;

    fn file(path: &str, text: &str) -> UnitFile {
        UnitFile {
            path: path.into(),
            text: Some(format!("[Slice]\n{text}\n")),
            fact: String::new(),
            owner: 0,
            modified: 0,
        }
    }

    fn memory_max(unit: &str, files: &[UnitFile]) -> (String, String) {
        let about = about(unit, files);
        let said = said(&about, Directive::Of(Key::MemoryMax));
        let path = said.by.map_or("", |file| file.path.as_str());
        (said.values.join(" "), path.to_owned())
    }

    #[test]
    fn the_directories_of_a_unit_go_from_its_own_to_its_kinds() {
        assert_eq!(
            directories("user-1001.slice"),
            ["user-1001.slice.d", "user-.slice.d", "slice.d"]
        );
        assert_eq!(directories("user.slice"), ["user.slice.d", "slice.d"]);
        assert_eq!(
            directories("jupyter-a-b.service"),
            [
                "jupyter-a-b.service.d",
                "jupyter-a-.service.d",
                "jupyter-.service.d",
                "service.d"
            ]
        );
    }

    /// Every one of these was tried with systemd 252.
    #[test]
    fn file_names_decide_across_directories_and_the_particular_hides_the_general() {
        const UNIT: &str = "user-1001.slice";
        let mut files = vec![
            file(
                "/etc/systemd/system/user-.slice.d/20-b.conf",
                "MemoryMax=500M\nTasksMax=9",
            ),
            file(
                "/etc/systemd/system/user-1001.slice.d/20-b.conf",
                "MemoryMax=300M",
            ),
        ];
        let here = about(UNIT, &files);
        assert_eq!(here.len(), 1, "the general one is hidden whole");
        assert_eq!(said(&here, Directive::Of(Key::TasksMax)), Said::default());
        assert_eq!(memory_max("user-7.slice", &files).0, "500M");
        // One in /run of the same name does not win; one that sorts later does.
        files.push(file(
            "/run/systemd/system/user-1001.slice.d/20-b.conf",
            "MemoryMax=200M",
        ));
        assert_eq!(memory_max(UNIT, &files).0, "300M");
        files.push(file(
            "/run/systemd/system/user-.slice.d/21-b.conf",
            "MemoryMax=222M",
        ));
        assert_eq!(memory_max(UNIT, &files).0, "222M");
        files.push(file(
            "/run/systemd/system/user-1001.slice.d/21-b.conf",
            "MemoryMax=201M",
        ));
        assert_eq!(memory_max(UNIT, &files).0, "201M");
        // set-property: later by its name, and the persistent one hides the other.
        let control = "systemd/system.control/user-1001.slice.d/50-MemoryMax.conf";
        files.push(file(&format!("/run/{control}"), "MemoryMax=111"));
        assert_eq!(memory_max(UNIT, &files).0, "111");
        files.push(file(&format!("/etc/{control}"), "MemoryMax=112"));
        let (value, by) = memory_max(UNIT, &files);
        assert_eq!((value.as_str(), by), ("112", format!("/etc/{control}")));
        let here = about(UNIT, &files);
        assert_eq!(said(&here, Directive::Of(Key::MemoryMax)).over.len(), 2);
    }

    #[test]
    fn a_units_own_file_comes_before_its_drop_ins() {
        let files = [
            file("/usr/lib/systemd/system/user.slice", "MemoryMax=1G"),
            file("/etc/systemd/system/user.slice.d/00-x.conf", "MemoryMax=2G"),
            file(
                "/etc/systemd/system/user.slice.d/50-x.conf~",
                "MemoryMax=3G",
            ),
        ];
        assert_eq!(memory_max("user.slice", &files).0, "2G");
    }

    #[test]
    fn only_settings_of_resources_are_taken_from_a_file() {
        let text = "[Unit]\nMemoryMax=1\n[Slice]\n# MemoryMax=2\n; TasksMax=3\n Memory\\\nMax=4\n\
                    IPAddressDeny = 10.0.0.0/8 \\\n   11.0.0.0/8\nMemoryMax=4G\nSlice=x\n";
        let found = assignments(text);
        assert_eq!(
            found,
            [
                (
                    Directive::Of(Key::IpDeny),
                    "10.0.0.0/8 11.0.0.0/8".to_owned()
                ),
                (Directive::Of(Key::MemoryMax), "4G".to_owned())
            ]
        );
    }

    #[test]
    fn a_list_is_added_to_until_somebody_empties_it() {
        let files = [
            file(
                "/etc/systemd/system/user.slice.d/1.conf",
                "IPAddressDeny=any",
            ),
            file(
                "/etc/systemd/system/user.slice.d/2.conf",
                "IPAddressDeny=10.0.0.1",
            ),
        ];
        let deny = Directive::Of(Key::IpDeny);
        let here = about("user.slice", &files);
        assert_eq!(said(&here, deny).values, ["any", "10.0.0.1"]);
        let emptied = [
            files[0].clone(),
            file(
                "/etc/systemd/system/user.slice.d/2.conf",
                "IPAddressDeny=\nIPAddressDeny=::1",
            ),
        ];
        let here = about("user.slice", &emptied);
        assert_eq!(said(&here, deny).values, ["::1"]);
    }
}
