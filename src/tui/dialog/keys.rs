//! The form of ssh keys, and the field in which keys are handed in: line by line, pasted as a
//! block, or as the path of a file.

use crate::base::sshkey::{BadKey, PublicKey};
use crate::engine::changes::Intent;
use crate::model::people::details::HeldKey;
use crate::tui::widget::entry::{Entry, LONGEST};
use crate::tui::widget::form::{Form, Id, Kind, Remark};

/// The second choice: keys are taken away.
const REMOVE: usize = 1;
const HINT: &str = "paste lines of .pub files, or write the whole path of one";

pub(super) fn form(held: &[HeldKey]) -> Form {
    let mut ways = vec!["add keys".to_owned()];
    if !held.is_empty() {
        ways.push("take keys away".to_owned());
    }
    let mut fields = vec![
        (Id::What, "what", Kind::Choice(ways, 0)),
        (Id::Key, "ssh key", Kind::Text(Entry::default())),
    ];
    let labels: Vec<String> = (1..=held.len()).map(|n| format!("key {n}")).collect();
    for (at, (label, key)) in labels.iter().zip(held).enumerate() {
        let thing = Kind::Thing {
            words: words(&key.kind, key.bits, &key.comment.to_string()),
            value: key.fingerprint.clone(),
            on: false,
        };
        fields.push((Id::Held(at), label.as_str(), thing));
    }
    Form::new(fields)
}

pub(super) fn judge(form: &mut Form, held: &[HeldKey]) {
    let remove = form.chosen(Id::What) == REMOVE;
    form.show(Id::Key, !remove);
    judge_key(form, true);
    let count = match held.len() {
        0 => "no key opens this account yet".to_owned(),
        1 => "one key opens this account".to_owned(),
        many => format!("{many} keys open this account"),
    };
    let any = (0..held.len()).any(|at| form.ticked(Id::Held(at)));
    let what = if remove && !any {
        Remark::Bad(format!("{count}: tick those to take away with Space"))
    } else {
        Remark::Hint(count)
    };
    form.remark(Id::What, what);
    for (at, key) in held.iter().enumerate() {
        form.show(Id::Held(at), remove);
        form.remark(Id::Held(at), Remark::Says(key.fingerprint.clone()));
    }
}

/// What is said of keys that are handed in, and why what stands in their field is not taken.
pub(super) fn judge_key(form: &mut Form, needed: bool) {
    let count = judge_taken(form);
    let remark = match standing(form) {
        Standing::Bad(why) => Remark::Bad(why),
        Standing::File(_) => Remark::Hint("Enter reads the keys in this file".to_owned()),
        Standing::Keys(keys) => match keys.as_slice() {
            [key] => told(key),
            more => Remark::Says(format!("{} keys: Enter takes them", more.len())),
        },
        Standing::Nothing if count > 0 => {
            Remark::Hint("one more, or none; Space leaves out one of those above".to_owned())
        }
        Standing::Nothing if needed && form.chosen(Id::What) != REMOVE => {
            Remark::Bad(HINT.to_owned())
        }
        Standing::Nothing => Remark::Hint(format!("{HINT}; may stay empty")),
    };
    form.remark(Id::Key, remark);
}

/// Says of every key that was handed in which it is; tells how many are not left out.
fn judge_taken(form: &mut Form) -> usize {
    let shown = form.chosen(Id::What) != REMOVE;
    for at in 0..form.keys_taken() {
        let id = Id::Taken(at);
        form.show(id, shown);
        let remark = match PublicKey::parse(&form.text(id)) {
            Ok(key) => told(&key),
            Err(_) => Remark::Says("left out".to_owned()),
        };
        form.remark(id, remark);
    }
    taken(form).len()
}

/// Which key it is, and whether it is weak.
fn told(key: &PublicKey) -> Remark {
    let print = key.fingerprint();
    match key.warning() {
        Some(warning) => Remark::Look(format!("{print}: {warning}")),
        None => Remark::Says(print),
    }
}

/// The keys that were handed in and not left out.
pub(super) fn taken(form: &Form) -> Vec<PublicKey> {
    let lines = (0..form.keys_taken()).map(|at| form.text(Id::Taken(at)));
    lines
        .filter_map(|line| PublicKey::parse(&line).ok())
        .collect()
}

/// Puts keys into the list, each once.
pub(super) fn take(form: &mut Form, keys: &[PublicKey]) {
    let mut known = taken(form);
    for key in keys {
        if known.contains(key) {
            continue;
        }
        known.push(key.clone());
        let at = form.keys_taken();
        let thing = Kind::Thing {
            words: words(&key.kind().to_string(), key.bits(), key.comment()),
            value: key.line(),
            on: true,
        };
        let label = format!("key {}", at + 1);
        form.put_before(Id::Key, (Id::Taken(at), &label), thing);
    }
}

fn words(kind: &str, bits: u32, comment: &str) -> String {
    format!("{kind} {bits} {comment}").trim_end().to_owned()
}

/// What stands in the field of a key.
pub(super) enum Standing {
    Nothing,
    /// The whole path of a file.
    File(String),
    Keys(Vec<PublicKey>),
    /// Nothing that can be taken, and why.
    Bad(String),
}

pub(super) fn standing(form: &Form) -> Standing {
    let text = form.text(Id::Key);
    let text = text.trim();
    if text.is_empty() {
        return Standing::Nothing;
    }
    if text.starts_with('/') {
        return Standing::File(text.to_owned());
    }
    if text.starts_with(['~', '.']) {
        return Standing::Bad("write the whole path of a file, beginning with /".to_owned());
    }
    match list(text) {
        Ok(keys) => Standing::Keys(keys),
        Err(why) => Standing::Bad(why),
    }
}

/// The keys in a text, at least one; the line is named where there are several.
fn list(text: &str) -> Result<Vec<PublicKey>, String> {
    let keys = PublicKey::list(text).map_err(|bad| {
        if text.trim().contains('\n') {
            bad.to_string()
        } else {
            bad.why.to_string()
        }
    })?;
    if keys.is_empty() {
        return Err("there is no key in it".to_owned());
    }
    Ok(keys)
}

/// The keys in the text of a file.
pub(super) fn of_file(text: &str) -> Result<Vec<PublicKey>, String> {
    list(text).map_err(|why| format!("nothing was taken: {why}"))
}

/// Takes what was pasted into the field: lines of keys go into the list, anything else stands
/// there to be looked at. Tells why, where it is too long for that.
pub(super) fn pasted(form: &mut Form, text: &str) -> Option<String> {
    let found = list(text);
    if let Ok(keys) = &found {
        form.empty(Id::Key);
        take(form, keys);
        return None;
    }
    if text.chars().count() <= LONGEST || is_private(text) {
        form.pasted(text);
        return None;
    }
    form.empty(Id::Key);
    let why = found.err()?;
    Some(format!("nothing was taken: {why}"))
}

/// A file with keys that was named in the field of a key.
#[derive(Debug)]
pub(super) struct KeyFile {
    number: u64,
    path: String,
    failed: Option<String>,
}

impl KeyFile {
    pub(super) fn new(number: u64, path: &str) -> Self {
        Self {
            number,
            path: path.to_owned(),
            failed: None,
        }
    }

    /// Whether this is the question that an answer belongs to.
    pub(super) fn is_asked(&self, number: u64) -> bool {
        self.number == number
    }

    /// Whether this file is being read.
    pub(super) fn is_read(&self, path: &str) -> bool {
        self.path == path && self.failed.is_none()
    }

    /// Whether it still stands in the field.
    pub(super) fn stands_in(&self, form: &Form) -> bool {
        form.text(Id::Key).trim() == self.path
    }

    pub(super) fn failed(&mut self, number: u64, why: String) {
        if self.is_asked(number) {
            self.failed = Some(why);
        }
    }

    pub(super) fn remark(&self) -> Remark {
        match &self.failed {
            Some(why) => Remark::Bad(why.clone()),
            None => Remark::Hint("reading it...".to_owned()),
        }
    }
}

/// Whether a text is the half of a key that must stay secret.
pub(super) fn is_private(text: &str) -> bool {
    matches!(PublicKey::parse(text), Err(BadKey::Private))
}

/// What [`BadKey::Private`] says, for a field that was emptied.
pub(super) fn private_words() -> String {
    BadKey::Private.to_string()
}

pub(super) fn intent(form: &Form, name: &str, held: &[HeldKey]) -> Intent {
    if form.chosen(Id::What) == REMOVE {
        let ticked = held
            .iter()
            .enumerate()
            .filter(|(at, _)| form.ticked(Id::Held(*at)));
        let prints = ticked.map(|(_, key)| key.fingerprint.clone()).collect();
        return Intent::RemoveKeys(name.to_owned(), prints);
    }
    Intent::AddKeys(name.to_owned(), taken(form))
}
