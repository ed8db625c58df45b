//! The forms of limits: other values, perhaps for a while, and values no more.

use jiff::Timestamp;

use crate::base::id::UserName;
use crate::base::limit::Span;
use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::host::clock;
use crate::policy::schema::{Key, Scope};
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

/// Whose limits a form is about, and what they are now.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Now {
    pub(in crate::tui) scope: Scope,
    /// In words.
    pub(in crate::tui) whose: String,
    /// Limit by limit: which, its value, and who says it.
    pub(in crate::tui) wished: Vec<(Key, String, String)>,
    /// Those of them that the console said.
    pub(in crate::tui) ours: Vec<Key>,
    /// Whether it is to help now: nothing was read, and it ends by itself.
    pub(in crate::tui) throttles: bool,
}

/// Limits that give the host back to others without ending anything.
const SLOWING: [Key; 9] = [
    Key::CpuQuota,
    Key::CpuWeight,
    Key::MemoryHigh,
    Key::TasksMax,
    Key::IoWeight,
    Key::IoReadBandwidthMax,
    Key::IoWriteBandwidthMax,
    Key::IoReadIopsMax,
    Key::IoWriteIopsMax,
];
/// How long somebody is throttled who says nothing else.
const A_WHILE: &str = "1h";

/// Whom to give less now; what their limits are has to wait.
pub(in crate::tui) fn throttled(name: UserName) -> Now {
    Now {
        whose: name.to_string(),
        scope: Scope::User(name),
        wished: Vec::new(),
        ours: Vec::new(),
        throttles: true,
    }
}

/// What a limit is called beside its field.
fn label(key: Key) -> &'static str {
    match key {
        Key::CpuQuota => "cpu quota",
        Key::CpuWeight => "cpu weight",
        Key::MemoryHigh => "memory high",
        Key::MemoryMax => "memory max",
        Key::MemorySwapMax => "swap max",
        Key::TasksMax => "tasks max",
        Key::IoWeight => "io weight",
        Key::IoReadBandwidthMax => "read bytes/s",
        Key::IoWriteBandwidthMax => "write bytes/s",
        Key::IoReadIopsMax => "reads/s",
        Key::IoWriteIopsMax => "writes/s",
        Key::DiskSoft => "disk soft",
        Key::DiskHard => "disk hard",
        Key::InodesSoft => "files soft",
        Key::InodesHard => "files hard",
        Key::IpDeny => "ip deny",
        Key::IpAllow => "ip allow",
    }
}

pub(super) fn set_form(now: &Now) -> Form {
    let text = || Kind::Text(Entry::default());
    let limits = Key::ALL.into_iter();
    // What takes nothing away at once helps nobody now.
    let helps = |key: &Key| !now.throttles || SLOWING.contains(key);
    let limits = limits.filter(helps);
    let limits = limits.map(|key| (Id::Limit(key), label(key), text()));
    let span = if now.throttles { A_WHILE } else { "" };
    let span = Kind::Text(Entry::new(span));
    Form::new(limits.chain([(Id::Span, "only for", span)]).collect())
}

pub(super) fn judge_set(form: &mut Form, now: &Now) {
    for key in Key::ALL {
        let text = form.text(Id::Limit(key));
        let wished = now.wished.iter().find(|(wished, ..)| *wished == key);
        let there = match wished {
            Some((_, value, from)) => format!(": now {value}, by {from}"),
            None if now.throttles => String::new(),
            None => ": nobody wishes one".to_owned(),
        };
        let remark = match key.typed(&text) {
            _ if text.trim().is_empty() => {
                // Quotes and brackets are the policy file's, not what is typed here.
                let example = key.kind().example().replace(['"', '[', ']'], "");
                Remark::Hint(format!("{}{there}; write {example}", key.name()))
            }
            Ok(_) => Remark::Hint(format!("{}{there}", key.name())),
            Err(bad) => Remark::Bad(bad.to_string()),
        };
        form.remark(Id::Limit(key), remark);
    }
    let text = form.text(Id::Span);
    let remark = match span(&text) {
        Ok(None) => Remark::Hint("for good where it stays empty; else 30m, 2h, 7d".to_owned()),
        Ok(Some(_)) => Remark::None,
        Err(why) => Remark::Bad(why),
    };
    form.remark(Id::Span, remark);
}

/// For how long; `None` for good.
fn span(text: &str) -> Result<Option<Span>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let span: Result<Span, _> = text.parse();
    span.map(Some).map_err(|bad| bad.to_string())
}

pub(super) fn set_intent(form: &Form, now: &Now) -> Result<Intent, String> {
    let mut entries = Vec::new();
    for key in Key::ALL {
        let text = form.text(Id::Limit(key));
        if !text.trim().is_empty() {
            entries.push((key, key.typed(&text).map_err(|bad| bad.to_string())?));
        }
    }
    if entries.is_empty() {
        return Err("no limit was written, so there is nothing to set".to_owned());
    }
    let until = span(&form.text(Id::Span))?.and_then(|span| {
        let end = clock::now().checked_add(span.duration()).ok()?;
        // The policy speaks of whole seconds.
        Timestamp::from_second(end.as_second()).ok()
    });
    let intent = LimitsIntent::Set(now.scope.clone(), entries, until);
    Ok(Intent::Limits(intent))
}

/// All that the console said, to be ticked.
pub(super) fn clear_form(now: &Now) -> Form {
    let one = |key: &Key| {
        let wished = now.wished.iter().find(|(wished, ..)| wished == key);
        let value = wished.map_or("", |(_, value, _)| value);
        let thing = Kind::Thing {
            words: format!("{} {value}", key.name()),
            value: key.name().to_owned(),
            on: true,
        };
        (Id::Limit(*key), "clear", thing)
    };
    Form::new(now.ours.iter().map(one).collect())
}

pub(super) fn judge_clear(form: &mut Form) {
    for key in Key::ALL {
        let hint = "Space leaves it, or takes it back".to_owned();
        form.remark(Id::Limit(key), Remark::Hint(hint));
    }
}

pub(super) fn clear_intent(form: &Form, now: &Now) -> Result<Intent, String> {
    let ticked = now.ours.iter().copied();
    let ticked: Vec<Key> = ticked.filter(|key| form.ticked(Id::Limit(*key))).collect();
    if ticked.is_empty() {
        return Err("nothing is ticked, so there is nothing to clear".to_owned());
    }
    Ok(Intent::Limits(LimitsIntent::Clear(
        now.scope.clone(),
        ticked,
    )))
}
