//! The forms of groups: a new one, and who comes or goes.

use crate::base::account::NewName;
use crate::base::hostile::Hostile;
use crate::engine::changes::Intent;
use crate::model::people::{Group, Source};
use crate::tui::errand::Known;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

use super::lists::{self, What};
use super::number;
use super::topic::Membership;

fn text() -> Kind {
    Kind::Text(Entry::default())
}

pub(super) fn new_form() -> Form {
    Form::new(vec![
        (Id::Name, "group", text()),
        (Id::People, "members", text()),
        (Id::Gid, "gid", text()),
    ])
}

pub(super) fn judge_new(form: &mut Form, known: &Known) {
    let name = form.text(Id::Name);
    let taken = |group: &Group| group.name == name.as_str();
    form.remark(
        Id::Name,
        match NewName::group(&name) {
            Err(bad) => Remark::Bad(bad.reason().to_owned()),
            Ok(_) if known.people.groups.iter().any(taken) => {
                Remark::Bad("there is such a group".to_owned())
            }
            Ok(_) => Remark::None,
        },
    );
    lists::judge(form, Id::People, &lists::accounts(known), What::Members);
    number::judge(form, Id::Gid, |gid| {
        let mut groups = known.people.groups.iter();
        let group = groups.find(|group| group.gid.0 == gid)?;
        Some(group.name.to_string())
    });
}

pub(super) fn new_intent(form: &Form) -> Result<Intent, String> {
    let name = NewName::group(&form.text(Id::Name)).map_err(|bad| bad.to_string())?;
    let gid = number::value(form, Id::Gid);
    Ok(Intent::AddGroup(
        name,
        gid,
        lists::words(&form.text(Id::People)),
    ))
}

/// One field: of a group its people, of a person the group.
pub(super) fn membership_form(who: &Membership) -> Form {
    Form::new(vec![match who.group {
        Some(_) => (Id::People, "people", text()),
        None => (Id::Group, "group", text()),
    }])
}

pub(super) fn judge_membership(form: &mut Form, who: &Membership, known: &Known) {
    let is_in = |group: &Group, name: &str| group.members.iter().any(|m| *m == name);
    if let Some(name) = &who.group {
        let group = known
            .people
            .groups
            .iter()
            .find(|group| group.name == name.as_str());
        let names: Vec<String> = match (who.comes, group) {
            (false, Some(group)) => group.members.iter().map(raw).collect(),
            (_, group) => {
                let mut names = lists::accounts(known);
                names.retain(|name| !group.is_some_and(|group| is_in(group, name)));
                names
            }
        };
        lists::judge(form, Id::People, &names, What::People);
    } else if let Some(person) = &who.person {
        let mut names = lists::local_groups(known);
        names.retain(|name| {
            let groups = &known.people.groups;
            let group = groups.iter().find(|group| group.name == name.as_str());
            group.is_some_and(|group| {
                group.source == Source::Local && is_in(group, person) != who.comes
            })
        });
        lists::judge(form, Id::Group, &names, What::Group);
    }
}

fn raw(name: &Hostile) -> String {
    name.raw().to_owned()
}

pub(super) fn membership_intent(form: &Form, who: &Membership) -> Intent {
    let group = match &who.group {
        Some(group) => group.clone(),
        None => form.text(Id::Group).trim_matches([',', ' ']).to_owned(),
    };
    let people = match &who.group {
        Some(_) => lists::words(&form.text(Id::People)),
        None => who.person.iter().cloned().collect(),
    };
    if who.comes {
        Intent::Join(group, people)
    } else {
        Intent::Leave(group, people)
    }
}
