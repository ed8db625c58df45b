//! A form: fields one under the other, each with a line that says what is wrong with it or what
//! it means, while it is typed.

mod draw;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

use crate::policy::schema::Key;

use super::entry::Entry;

/// Every field that a dialogue of this console has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Id {
    FullName,
    Name,
    Email,
    Groups,
    Shell,
    Key,
    Password,
    Typed,
    Again,
    MustChange,
    Expires,
    Home,
    File,
    Elsewhere,
    Heir,
    Confirm,
    What,
    Group,
    People,
    Gid,
    Uid,
    /// What to say.
    Words,
    /// For how long.
    Span,
    /// A limit of the policy.
    Limit(Key),
    /// A key that is there, by its place.
    Held(usize),
    /// A key that was handed in, by its place.
    Taken(usize),
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Kind {
    Text(Entry),
    /// Text that is never shown.
    Hidden(Entry),
    Choice(Vec<String>, usize),
    Check(bool),
    /// Something of a list, that may be ticked.
    Thing {
        /// As it is shown.
        words: String,
        /// What it is.
        value: String,
        on: bool,
    },
}

/// What is said under a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) enum Remark {
    #[default]
    None,
    /// What belongs there, or what follows from what is there.
    Hint(String),
    /// What it is, wherever one is in the form.
    Says(String),
    /// Worth a second look.
    Look(String),
    /// Why it cannot be used.
    Bad(String),
}

/// One field.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Field {
    id: Id,
    label: String,
    kind: Kind,
    remark: Remark,
    /// Whether somebody put something in: an empty field is not blamed before.
    touched: bool,
    /// Whether it is part of the form, as other fields stand.
    shown: bool,
    /// What Right puts in behind the cursor.
    completion: String,
}

/// Fields, and which one is being filled in.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Form {
    fields: Vec<Field>,
    at: usize,
    /// Whether somebody thought it complete: from then on everything missing is named.
    tried: bool,
}

impl Form {
    /// A form that has at least one field.
    pub(in crate::tui) fn new(fields: Vec<(Id, &str, Kind)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(id, label, kind)| Field::new(id, label, kind))
            .collect();
        Self {
            fields,
            at: 0,
            tried: false,
        }
    }

    fn field(&self, id: Id) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == id)
    }

    fn field_mut(&mut self, id: Id) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.id == id)
    }

    /// What stands in a field; of a choice, what is chosen; empty where it is not shown.
    pub(in crate::tui) fn text(&self, id: Id) -> String {
        match self.field(id).filter(|field| field.shown) {
            Some(field) => match &field.kind {
                Kind::Text(entry) | Kind::Hidden(entry) => entry.text(),
                Kind::Choice(options, at) => options.get(*at).cloned().unwrap_or_default(),
                Kind::Thing { value, on, .. } if *on => value.clone(),
                Kind::Check(_) | Kind::Thing { .. } => String::new(),
            },
            None => String::new(),
        }
    }

    /// Which option is chosen.
    pub(in crate::tui) fn chosen(&self, id: Id) -> usize {
        match self.field(id).map(|field| &field.kind) {
            Some(Kind::Choice(_, at)) => *at,
            _ => 0,
        }
    }

    /// Whether something is ticked.
    pub(in crate::tui) fn ticked(&self, id: Id) -> bool {
        self.field(id)
            .is_some_and(|field| field.shown && field.kind.is_ticked())
    }

    /// How many keys were handed in.
    pub(in crate::tui) fn keys_taken(&self) -> usize {
        let taken = |field: &&Field| matches!(field.id, Id::Taken(_));
        self.fields.iter().filter(taken).count()
    }

    /// Whether this field is being filled in.
    pub(in crate::tui) fn is_at(&self, id: Id) -> bool {
        self.fields.get(self.at).is_some_and(|field| field.id == id)
    }

    /// Puts a ticked thing before a field, which one stays at; those before it come first.
    pub(in crate::tui) fn put_before(&mut self, before: Id, (id, label): (Id, &str), kind: Kind) {
        let place = self.fields.iter().position(|field| field.id == before);
        let place = place.unwrap_or(self.fields.len());
        self.fields.insert(place, Field::new(id, label, kind));
        if self.at >= place {
            self.at += 1;
        }
    }

    pub(in crate::tui) fn touched(&self, id: Id) -> bool {
        self.field(id).is_some_and(|field| field.touched)
    }

    /// Puts a text in a field that nobody has touched.
    pub(in crate::tui) fn suggest(&mut self, id: Id, text: &str) {
        if let Some(field) = self.field_mut(id)
            && !field.touched
            && let Kind::Text(entry) = &mut field.kind
        {
            *entry = Entry::new(text);
        }
    }

    /// Empties a field: what is in it must not stay on the screen.
    pub(in crate::tui) fn empty(&mut self, id: Id) {
        if let Some(field) = self.field_mut(id)
            && let Kind::Text(entry) | Kind::Hidden(entry) = &mut field.kind
        {
            *entry = Entry::default();
        }
    }

    pub(in crate::tui) fn remark(&mut self, id: Id, remark: Remark) {
        if let Some(field) = self.field_mut(id) {
            field.remark = remark;
        }
    }

    /// What would complete the text of a field; nothing for none.
    pub(in crate::tui) fn complete(&mut self, id: Id, rest: &str) {
        if let Some(field) = self.field_mut(id) {
            rest.clone_into(&mut field.completion);
        }
    }

    /// Makes a field part of the form, or not.
    pub(in crate::tui) fn show(&mut self, id: Id, shown: bool) {
        if let Some(field) = self.field_mut(id) {
            field.shown = shown;
        }
    }

    /// Goes to the first field that cannot be used as it is; tells whether there is one. From now
    /// on all of them are named.
    pub(in crate::tui) fn find_bad(&mut self) -> bool {
        self.tried = true;
        let bad = |field: &Field| field.shown && matches!(field.remark, Remark::Bad(_));
        let first = self.fields.iter().position(bad);
        if let Some(first) = first {
            self.at = first;
        }
        first.is_some()
    }

    /// Takes a key; tells whether it meant something here.
    pub(in crate::tui) fn typed(&mut self, key: KeyEvent) -> bool {
        if key.kind == KeyEventKind::Release {
            return false;
        }
        match key.code {
            KeyCode::Tab | KeyCode::Down => self.step(true),
            KeyCode::BackTab | KeyCode::Up => self.step(false),
            _ => return self.fields.get_mut(self.at).is_some_and(|f| f.typed(key)),
        }
        true
    }

    /// Takes what was pasted into the field one is in.
    pub(in crate::tui) fn pasted(&mut self, text: &str) {
        let Some(field) = self.fields.get_mut(self.at) else {
            return;
        };
        let text = text.trim_end_matches(['\n', '\r']);
        match &mut field.kind {
            // A key says itself what is wrong with it.
            Kind::Text(entry) if field.id == Id::Key => {
                *entry = Entry::default();
                entry.insert_all(text);
            }
            Kind::Text(entry) => entry.insert_all(&text.replace(char::is_control, " ")),
            Kind::Hidden(entry) => entry.insert_all(text),
            Kind::Choice(..) | Kind::Check(_) | Kind::Thing { .. } => return,
        }
        field.touched = true;
    }

    /// To the field after or before, around the ends.
    fn step(&mut self, forward: bool) {
        let all = self.fields.len().max(1);
        for far in 1..all {
            let to = (self.at + if forward { far } else { all - far }) % all;
            if self.fields[to].shown {
                self.at = to;
                return;
            }
        }
    }
}

impl Kind {
    fn is_ticked(&self) -> bool {
        matches!(self, Self::Check(true) | Self::Thing { on: true, .. })
    }
}

impl Field {
    fn new(id: Id, label: &str, kind: Kind) -> Self {
        Self {
            id,
            label: label.to_owned(),
            kind,
            remark: Remark::None,
            touched: false,
            shown: true,
            completion: String::new(),
        }
    }

    fn typed(&mut self, key: KeyEvent) -> bool {
        let taken = match &mut self.kind {
            Kind::Text(entry) | Kind::Hidden(entry) => {
                let (at, all) = entry.place();
                if key.code == KeyCode::Right && at == all && !self.completion.is_empty() {
                    entry.insert_all(&self.completion);
                    self.touched = true;
                    return true;
                }
                let before = all;
                let taken = entry.typed(key);
                self.touched |= taken && (entry.place().1 != before);
                return taken;
            }
            Kind::Choice(options, at) => {
                let all = options.len().max(1);
                match key.code {
                    KeyCode::Right | KeyCode::Char(' ') => *at = (*at + 1) % all,
                    KeyCode::Left => *at = (*at + all - 1) % all,
                    _ => return false,
                }
                true
            }
            Kind::Check(on) | Kind::Thing { on, .. } => {
                let toggles = key.code == KeyCode::Char(' ');
                *on ^= toggles;
                toggles
            }
        };
        self.touched |= taken;
        taken
    }
}

#[cfg(test)]
mod tests;
