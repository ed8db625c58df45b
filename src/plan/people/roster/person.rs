//! What the fields of one person mean.

use crate::base::account::{Email, FullName, NewName};
use crate::base::sshkey::PublicKey;
use crate::plan::people::add::{self, AddUser, Password};

use super::field::Field;
use super::{Bad, Cell, KeysOf, Row};

/// A person in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    name: Option<NewName>,
    full_name: FullName,
    email: Option<Email>,
    groups: Vec<String>,
    shell: Option<String>,
    uid: Option<u32>,
    keys: Vec<PublicKey>,
    expires: Option<String>,
    no_password: bool,
    generate_password: bool,
    must_change: bool,
}

/// Reads a person, and everything that is wrong with them.
pub(super) fn read(row: &Row, keys_of: &mut KeysOf<'_>) -> (Draft, Vec<Bad>) {
    let mut draft = Draft::default();
    let mut bad: Vec<Bad> = row
        .cells
        .iter()
        .filter_map(|cell| {
            let reason = draft.take(cell, keys_of).err()?;
            Some(Bad::new(cell.line, cell.field.name(), reason))
        })
        .collect();
    let named = |bad: &[Bad], field: Field| bad.iter().any(|bad| bad.field == field.name());
    if draft.name.is_none() && !named(&bad, Field::Name) {
        let why = "there is none; everybody needs a name";
        bad.push(Bad::new(row.line, Field::Name.name(), why));
    }
    if !named(&bad, Field::GeneratePassword)
        && let Some((field, why)) = draft.contradiction()
    {
        bad.push(Bad::new(row.line_of(field), field.name(), why));
    }
    (draft, bad)
}

impl Draft {
    /// The name, where there is a good one.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(NewName::as_str)
    }

    /// The uid that is asked for.
    pub(super) fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// What is wanted.
    pub(super) fn wish(self) -> Option<AddUser> {
        let must_change = self.must_change;
        Some(AddUser {
            name: self.name?,
            full_name: self.full_name,
            email: self.email,
            groups: self.groups,
            shell: self.shell,
            uid: self.uid,
            keys: self.keys,
            password: if self.generate_password {
                Password::Given { must_change }
            } else {
                Password::None
            },
            expires: self.expires,
        })
    }

    /// Fields that do not go together.
    fn contradiction(&self) -> Option<(Field, &'static str)> {
        if self.no_password && self.generate_password {
            let why = "it says yes, and so does generate_password; leave one of them out";
            return Some((Field::NoPassword, why));
        }
        let why = "it needs a password to change; add generate_password = yes";
        (self.must_change && !self.generate_password).then_some((Field::MustChange, why))
    }

    /// Takes one field. One without a value is as good as none.
    fn take(&mut self, cell: &Cell, keys_of: &mut KeysOf<'_>) -> Result<(), String> {
        let values: Vec<&str> = cell
            .values
            .iter()
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
            .collect();
        if values
            .iter()
            .any(|value| value.chars().any(char::is_control))
        {
            return Err(
                "it holds a line break or another control character; is a quote left open?"
                    .to_owned(),
            );
        }
        if values.len() > 1 && !cell.field.takes_several() {
            return Err(format!("it has {} values and takes one", values.len()));
        }
        let Some(value) = values.first().copied() else {
            return Ok(());
        };
        match cell.field {
            Field::Name => self.name = Some(NewName::user(value).map_err(|bad| bad.to_string())?),
            Field::FullName => {
                self.full_name = FullName::parse(value).map_err(|bad| bad.to_string())?;
            }
            Field::Email => self.email = Some(Email::parse(value).map_err(|bad| bad.to_string())?),
            Field::Groups => self.groups = groups(&values),
            Field::Shell => self.shell = Some(value.to_owned()),
            Field::Uid => self.uid = Some(uid(value)?),
            Field::SshKey => self.keys = keys(&values, keys_of)?,
            Field::Expires => self.expires = Some(add::date(value)?),
            Field::NoPassword => self.no_password = yes(value)?,
            Field::GeneratePassword => self.generate_password = yes(value)?,
            Field::MustChange => self.must_change = yes(value)?,
        }
        Ok(())
    }
}

/// Groups are parted by commas, semicolons or blanks; one that is named twice is one.
fn groups(values: &[&str]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for value in values {
        for group in value
            .split([',', ';', ' '])
            .filter(|group| !group.is_empty())
        {
            if !groups.iter().any(|known| known == group) {
                groups.push(group.to_owned());
            }
        }
    }
    groups
}

fn uid(value: &str) -> Result<u32, String> {
    let bad = |_| "it is not a number; leave it empty for the next free one".to_owned();
    value.parse().map_err(bad)
}

fn yes(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err("it is neither yes nor no".to_owned()),
    }
}

/// A key, or the name of a file with keys: no key is without blanks, and no file's name with blanks
/// is taken for a key when it says where it is.
fn keys(values: &[&str], keys_of: &mut KeysOf<'_>) -> Result<Vec<PublicKey>, String> {
    let mut keys = Vec::new();
    for value in values {
        if value.contains(' ') && !value.starts_with(['/', '.']) {
            keys.push(PublicKey::parse(value).map_err(|bad| bad.to_string())?);
        } else {
            keys.extend(keys_of(value)?);
        }
    }
    Ok(keys)
}
