//! The fields that a list may have. They are called like the options of `user add`.

/// One field of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    FullName,
    Email,
    Groups,
    Shell,
    Uid,
    SshKey,
    NoPassword,
    GeneratePassword,
    MustChange,
    Expires,
}

const FIELDS: [(&str, Field); 11] = [
    ("name", Field::Name),
    ("full_name", Field::FullName),
    ("email", Field::Email),
    ("groups", Field::Groups),
    ("shell", Field::Shell),
    ("uid", Field::Uid),
    ("ssh_key", Field::SshKey),
    ("no_password", Field::NoPassword),
    ("generate_password", Field::GeneratePassword),
    ("must_change", Field::MustChange),
    ("expires", Field::Expires),
];

/// What they are called, in the order of the help.
#[must_use]
pub fn names() -> [&'static str; 11] {
    FIELDS.map(|(name, _)| name)
}

impl Field {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        let found = FIELDS.iter().find(|(_, field)| *field == self);
        found.map_or("", |(name, _)| name)
    }

    /// Whether it may hold several values.
    pub(super) fn takes_several(self) -> bool {
        matches!(self, Self::Groups | Self::SshKey)
    }

    /// The field of that name; blanks and dashes are as good as `_`, capitals as small letters.
    ///
    /// # Errors
    /// Names the nearest one.
    pub(super) fn find(written: &str) -> Result<Self, String> {
        let plain: String = written
            .trim()
            .chars()
            .map(|c| match c {
                ' ' | '-' => '_',
                c => c.to_ascii_lowercase(),
            })
            .collect();
        if let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == plain) {
            return Ok(*field);
        }
        if matches!(plain.as_str(), "password" | "password_stdin") {
            return Err(
                "a list holds no passwords; generate_password = yes makes one that is shown once"
                    .to_owned(),
            );
        }
        let likeness = |name: &str| strsim::jaro_winkler(name, &plain);
        let nearest = FIELDS
            .iter()
            .max_by(|(a, _), (b, _)| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.map_or("", |(name, _)| name);
        Err(format!(
            "there is no such field; the nearest is {nearest} (there are {})",
            names().join(", ")
        ))
    }
}
