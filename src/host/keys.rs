//! The ssh keys of a person, as plans speak of them: by fingerprint.

use crate::base::hostile::Hostile;
use crate::base::id::UserName;
use crate::base::sshkey::{BadKey, PublicKey};
use crate::model::people::details::HeldKey;

use super::as_user::Errands;
use super::credentials::{Credentials, NoSuchAccount};
use super::keyfile::{self, KeyFile, KeyFileError};
use super::root::Root;

/// Why keys were not read or not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is nobody of that name.
    #[error(transparent)]
    Nobody(#[from] NoSuchAccount),
    /// It is not a name.
    #[error(transparent)]
    Name(#[from] crate::base::id::BadUserName),
    /// The file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// A key of the plan.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A fixture tree has no people who could be asked.
    #[error("keys of a fixture tree are not read")]
    Fixture,
}

/// A person's keys, in the order of their file.
///
/// # Errors
/// When there is no such person, or their home does not let the file be read safely.
pub fn held(root: &Root, name: &UserName) -> Result<Vec<HeldKey>, KeysError> {
    let (_, _, file) = open(root, name)?;
    let keys = file.keys();
    let text = |bytes: &[u8]| Hostile::from(String::from_utf8_lossy(bytes).into_owned());
    let held = keys.keys().map(|(key, options)| HeldKey {
        kind: key.kind().to_string(),
        bits: key.bits(),
        fingerprint: key.fingerprint(),
        comment: Hostile::from(key.comment()),
        options: options.map(text),
        warning: key.warning(),
    });
    Ok(held.collect())
}

/// The fingerprints of a person's keys, sorted, with blanks between; `None` without the person.
///
/// # Errors
/// When the home does not let the file be read safely.
pub fn fingerprints(root: &Root, name: &str) -> Result<Option<String>, KeysError> {
    let keys = match held(root, &UserName::parse(name)?) {
        Ok(keys) => keys,
        Err(KeysError::Nobody(_) | KeysError::Fixture) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut prints: Vec<String> = keys.into_iter().map(|key| key.fingerprint).collect();
    prints.sort_unstable();
    prints.dedup();
    Ok(Some(prints.join(" ")))
}

/// Adds keys, each a line, and takes others out by fingerprint; every other byte stays.
///
/// # Errors
/// When the home does not let it be done safely: then nothing has changed.
pub fn change(root: &Root, name: &str, add: &[String], remove: &[String]) -> Result<(), KeysError> {
    let (who, home, before) = open(root, &UserName::parse(name)?)?;
    let mut keys = before.keys();
    for fingerprint in remove {
        keys.remove(fingerprint);
    }
    for line in add {
        keys.add(&PublicKey::parse(line)?);
    }
    keyfile::write(
        &Errands::default(),
        &who,
        &home,
        &before,
        Some(&keys.to_bytes()),
    )?;
    Ok(())
}

fn open(root: &Root, name: &UserName) -> Result<(Credentials, String, KeyFile), KeysError> {
    if !root.is_live() {
        return Err(KeysError::Fixture);
    }
    let (who, home) = Credentials::look_up(name)?;
    let file = keyfile::read(&Errands::default(), &who, &home)?;
    Ok((who, home, file))
}
