//! The forms of a new person and of a changed one.

use jiff::civil::Date;

use crate::base::account::{Email, FullName, NewName};
use crate::base::hostile::Hostile;
use crate::base::secret::Secret;
use crate::engine::changes::Intent;
use crate::model::people::{Person, Source};
use crate::plan::people::add::{self, AddUser};
use crate::plan::people::modify::ModifyUser;
use crate::tui::errand::{Known, Password};
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

use super::{keys, lists, number};

/// The ways to a password, in the order of the choice; the first is that there is no new one.
const MADE: usize = 1;
const TYPED: usize = 2;
/// Shorter ones are guessed.
const SHORT: usize = 8;

fn text() -> Kind {
    Kind::Text(Entry::default())
}

pub(super) fn new_form(known: &Known) -> Form {
    let mut fields = vec![
        (Id::FullName, "full name", text()),
        (Id::Name, "account", text()),
        (Id::Email, "e-mail", text()),
        (Id::Groups, "groups", text()),
        (Id::Shell, "shell", shells(known, None)),
        (Id::Key, "ssh key", text()),
    ];
    fields.extend(password_fields("none"));
    fields.push((Id::Expires, "expires", text()));
    fields.push((Id::Uid, "uid", text()));
    Form::new(fields)
}

pub(super) fn modify_form(person: &Person, known: &Known) -> Form {
    let entry = |text: &Option<Hostile>| Kind::Text(Entry::new(told(text)));
    let mut fields = vec![
        (Id::FullName, "full name", entry(&person.full_name)),
        (Id::Email, "e-mail", entry(&person.email)),
        (
            Id::Groups,
            "groups",
            Kind::Text(Entry::new(&groups(person, known).join(","))),
        ),
        (Id::Shell, "shell", shells(known, Some(told(&person.shell)))),
        (
            Id::Expires,
            "expires",
            Kind::Text(Entry::new(&expires(person))),
        ),
    ];
    fields.extend(password_fields("as it is"));
    Form::new(fields)
}

fn told(text: &Option<Hostile>) -> &str {
    text.as_ref().map_or("", Hostile::raw)
}

/// The groups beside their own that can be changed here.
fn groups(person: &Person, known: &Known) -> Vec<String> {
    let local = known.people.groups.iter();
    let local = local.filter(|group| group.source == Source::Local);
    let theirs = local.filter(|group| person.groups.contains(&group.name));
    theirs.map(|group| group.name.raw().to_owned()).collect()
}

/// The day as the form writes it; empty where it is not known.
fn expires(person: &Person) -> String {
    match (person.expires, person.password) {
        (Some(day), _) => day.to_string(),
        (None, Some(_)) => "never".to_owned(),
        (None, None) => String::new(),
    }
}

/// The shells to choose from. Of a new person the first option is the host's usual one.
fn shells(known: &Known, now: Option<&str>) -> Kind {
    let first = now.map_or_else(|| "the usual one".to_owned(), str::to_owned);
    let others = known.shells.iter().filter(|shell| **shell != first);
    Kind::Choice(
        std::iter::once(first.clone())
            .chain(others.cloned())
            .collect(),
        0,
    )
}

/// The shell, where another than the first one is chosen.
fn shell(form: &Form) -> Option<String> {
    (form.chosen(Id::Shell) > 0).then(|| form.text(Id::Shell))
}

fn password_fields(none: &str) -> [(Id, &'static str, Kind); 4] {
    let ways = vec![
        none.to_owned(),
        "make one".to_owned(),
        "type one".to_owned(),
    ];
    [
        (Id::Password, "password", Kind::Choice(ways, 0)),
        (Id::Typed, "  typed", Kind::Hidden(Entry::default())),
        (Id::Again, "  once more", Kind::Hidden(Entry::default())),
        (Id::MustChange, "  must change", Kind::Check(true)),
    ]
}

pub(super) fn judge_new(form: &mut Form, known: &Known) {
    judge_full_name(form);
    if !form.touched(Id::Name) {
        let free = free_name(&form.text(Id::FullName), known);
        form.suggest(Id::Name, &free);
    }
    let name = form.text(Id::Name);
    form.remark(
        Id::Name,
        match NewName::user(&name) {
            Err(bad) => Remark::Bad(bad.reason().to_owned()),
            Ok(_) if is_taken(&name, known) => Remark::Bad("somebody has that name".to_owned()),
            Ok(_) if !form.touched(Id::Name) => {
                Remark::Hint("made of the full name; write another if you like".to_owned())
            }
            Ok(_) => Remark::None,
        },
    );
    judge_email(form, None);
    let names = lists::local_groups(known);
    lists::judge(form, Id::Groups, &names, lists::What::Groups);
    form.remark(
        Id::Shell,
        Remark::Hint("Left and Right choose among those of /etc/shells".to_owned()),
    );
    keys::judge_key(form, false);
    judge_password(form);
    judge_expires(form, Some("empty for never"));
    number::judge(form, Id::Uid, |uid| {
        let mut users = known.people.users.iter();
        let user = users.find(|user| user.uid.0 == uid)?;
        Some(
            user.name
                .as_ref()
                .map_or("somebody".to_owned(), ToString::to_string),
        )
    });
}

pub(super) fn judge_modified(form: &mut Form, person: &Person, known: &Known) {
    judge_full_name(form);
    judge_email(form, person.email.as_ref());
    let mut names = lists::local_groups(known);
    names.extend(groups(person, known));
    names.sort_unstable();
    names.dedup();
    lists::judge(form, Id::Groups, &names, lists::What::Groups);
    judge_password(form);
    let unknown = expires(person).is_empty();
    judge_expires(form, unknown.then_some("empty for no change"));
}

fn judge_full_name(form: &mut Form) {
    let remark = match FullName::parse(&form.text(Id::FullName)) {
        Err(bad) => Remark::Bad(bad.reason().to_owned()),
        Ok(_) => Remark::Hint("as one writes it: Ada Lovelace".to_owned()),
    };
    form.remark(Id::FullName, remark);
}

fn judge_email(form: &mut Form, before: Option<&Hostile>) {
    let email = form.text(Id::Email);
    let remark = match (email.is_empty(), before) {
        (true, Some(_)) => Remark::Bad("an address can be changed here, not taken away".to_owned()),
        (true, None) => Remark::Hint("where to reach them; may stay empty".to_owned()),
        (false, _) => match Email::parse(&email) {
            Err(bad) => Remark::Bad(bad.reason().to_owned()),
            Ok(_) => Remark::None,
        },
    };
    form.remark(Id::Email, remark);
}

fn judge_password(form: &mut Form) {
    let way = form.chosen(Id::Password);
    for id in [Id::Typed, Id::Again] {
        form.show(id, way == TYPED);
    }
    form.show(Id::MustChange, way == MADE || way == TYPED);
    let hint = match way {
        MADE => "made when the plan is done, and shown once",
        TYPED => "typed twice, never shown",
        _ => "no new one; Left and Right choose",
    };
    form.remark(Id::Password, Remark::Hint(hint.to_owned()));
    let must = "Space: the first login has to choose another one";
    form.remark(Id::MustChange, Remark::Hint(must.to_owned()));
    let (typed, again) = (form.text(Id::Typed), form.text(Id::Again));
    let remark = if typed.is_empty() {
        Remark::Bad("it is empty".to_owned())
    } else if typed.chars().any(char::is_control) {
        Remark::Bad("it holds control characters".to_owned())
    } else if typed.chars().count() < SHORT {
        Remark::Look(format!("shorter than {SHORT} characters: soon guessed"))
    } else {
        Remark::None
    };
    let hidden = way != TYPED;
    form.remark(Id::Typed, if hidden { Remark::None } else { remark });
    let same = hidden || typed == again;
    let remark = Remark::Bad("the two are not the same".to_owned());
    form.remark(Id::Again, if same { Remark::None } else { remark });
}

/// `empty` says what nothing means, where it may be.
fn judge_expires(form: &mut Form, empty: Option<&str>) {
    let text = form.text(Id::Expires);
    let remark = match text.as_str() {
        "" => match empty {
            Some(empty) => Remark::Hint(format!("a date such as 2026-12-01; {empty}")),
            None => Remark::Bad("write a date such as 2026-12-01, or never".to_owned()),
        },
        "never" => Remark::Hint("a date such as 2026-12-01, or never".to_owned()),
        text => match text.parse::<Date>().map(Date::yesterday) {
            Ok(Ok(last)) => Remark::Hint(format!("the last day is {last}")),
            _ => Remark::Bad("write a date such as 2026-12-01, or never".to_owned()),
        },
    };
    form.remark(Id::Expires, remark);
}

fn is_taken(name: &str, known: &Known) -> bool {
    let taken = |other: &Option<Hostile>| other.as_ref().is_some_and(|other| *other == name);
    known.people.users.iter().any(|user| taken(&user.name))
        || known.people.groups.iter().any(|group| group.name == name)
}

/// A name made of a full name that nobody has, as far as a number can make it so.
fn free_name(full_name: &str, known: &Known) -> String {
    let Some(name) = NewName::suggest(full_name) else {
        return String::new();
    };
    let numbered = (2..10).map(|number| format!("{name}{number}"));
    std::iter::once(name.as_str().to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name, known))
        .unwrap_or_default()
}

/// The password in the plan, and where it comes from.
fn password(form: &Form, name: &str) -> (add::Password, Password) {
    let given = add::Password::Given {
        must_change: form.ticked(Id::MustChange),
    };
    match form.chosen(Id::Password) {
        MADE => (given, Password::Made(name.to_owned())),
        TYPED => {
            let typed = Secret::new(form.text(Id::Typed));
            (given, Password::Typed(name.to_owned(), typed))
        }
        _ => (add::Password::None, Password::None),
    }
}

fn email(form: &Form) -> Result<Option<Email>, String> {
    let text = form.text(Id::Email);
    let parse = |text: &str| Email::parse(text).map_err(|bad| bad.to_string());
    (!text.is_empty()).then(|| parse(&text)).transpose()
}

fn full_name(form: &Form) -> Result<FullName, String> {
    FullName::parse(&form.text(Id::FullName)).map_err(|bad| bad.to_string())
}

pub(super) fn new_intent(form: &Form) -> Result<(Intent, Password), String> {
    let name = NewName::user(&form.text(Id::Name)).map_err(|bad| bad.to_string())?;
    let expires = Some(form.text(Id::Expires)).filter(|day| !day.is_empty() && day != "never");
    let (password, source) = password(form, name.as_str());
    let wish = AddUser {
        full_name: full_name(form)?,
        email: email(form)?,
        groups: lists::words(&form.text(Id::Groups)),
        shell: shell(form),
        uid: number::value(form, Id::Uid),
        keys: keys::taken(form),
        password,
        expires,
        name,
    };
    Ok((Intent::AddUser(Box::new(wish)), source))
}

pub(super) fn modify_intent(form: &Form, person: &Person) -> Result<(Intent, Password), String> {
    let name = told(&person.name).to_owned();
    let differs = |id: Id, before: &str| form.text(id) != before;
    let new_name = differs(Id::FullName, told(&person.full_name));
    let new_email = differs(Id::Email, told(&person.email));
    let new_day = differs(Id::Expires, &expires(person));
    let groups = lists::words(&form.text(Id::Groups));
    let (password, source) = password(form, &name);
    let wish = ModifyUser {
        groups: form.touched(Id::Groups).then_some(groups),
        full_name: new_name.then(|| full_name(form)).transpose()?,
        email: if new_email { email(form)? } else { None },
        shell: shell(form),
        expires: new_day.then(|| form.text(Id::Expires)),
        password,
        name,
    };
    Ok((Intent::ModifyUser(Box::new(wish)), source))
}
