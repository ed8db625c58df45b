//! The form of ssh keys, and the field in which one is pasted.

use crate::base::sshkey::{BadKey, PublicKey};
use crate::engine::changes::Intent;
use crate::model::people::details::HeldKey;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

/// The second choice: keys are taken away.
const REMOVE: usize = 1;

pub(super) fn form(held: &[HeldKey]) -> Form {
    let mut ways = vec!["add a key".to_owned()];
    if !held.is_empty() {
        ways.push("take keys away".to_owned());
    }
    let mut fields = vec![
        (Id::What, "what", Kind::Choice(ways, 0)),
        (Id::Key, "ssh key", Kind::Text(Entry::default())),
    ];
    let labels: Vec<String> = (1..=held.len()).map(|n| format!("key {n}")).collect();
    for (at, label) in labels.iter().enumerate() {
        fields.push((Id::Held(at), label.as_str(), Kind::Check(false)));
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
        let HeldKey {
            kind,
            bits,
            fingerprint,
            comment,
            ..
        } = key;
        let words = format!("{kind} {bits} {fingerprint} {comment}");
        form.remark(Id::Held(at), Remark::Says(words));
    }
}

/// What a pasted key is, or why it is not taken.
pub(super) fn judge_key(form: &mut Form, needed: bool) {
    let text = form.text(Id::Key);
    if text.trim().is_empty() {
        let hint = "paste the line of a .pub file".to_owned();
        form.remark(
            Id::Key,
            if needed && form.chosen(Id::What) != REMOVE {
                Remark::Bad(hint)
            } else {
                Remark::Hint(format!("{hint}; may stay empty"))
            },
        );
        return;
    }
    form.remark(
        Id::Key,
        match PublicKey::parse(&text) {
            Err(bad) => Remark::Bad(bad.to_string()),
            Ok(key) => {
                let (kind, bits, print) = (key.kind(), key.bits(), key.fingerprint());
                match key.warning() {
                    Some(warning) => Remark::Look(format!("{print}: {warning}")),
                    None => Remark::Says(format!("{kind} {bits} {print}")),
                }
            }
        },
    );
}

/// Whether a text is the half of a key that must stay secret.
pub(super) fn is_private(text: &str) -> bool {
    matches!(PublicKey::parse(text), Err(BadKey::Private))
}

/// What [`BadKey::Private`] says, for a field that was emptied.
pub(super) fn private_words() -> String {
    BadKey::Private.to_string()
}

pub(super) fn intent(form: &Form, name: &str, held: &[HeldKey]) -> Result<Intent, String> {
    if form.chosen(Id::What) == REMOVE {
        let ticked = held
            .iter()
            .enumerate()
            .filter(|(at, _)| form.ticked(Id::Held(*at)));
        let prints = ticked.map(|(_, key)| key.fingerprint.clone()).collect();
        return Ok(Intent::RemoveKeys(name.to_owned(), prints));
    }
    let key = PublicKey::parse(&form.text(Id::Key)).map_err(|bad| bad.to_string())?;
    Ok(Intent::AddKeys(name.to_owned(), vec![key]))
}
