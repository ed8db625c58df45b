//! What a dialogue is about, and what its form means.

use crate::engine::changes::Intent;
use crate::model::people::Person;
use crate::model::people::details::HeldKey;
use crate::tui::errand::{Known, Password};
use crate::tui::widget::form::{Form, Id};

use super::{groups, keys, person, remove};

/// What a dialogue is about. Names are the accounts' own text.
#[derive(Clone, Debug)]
pub(in crate::tui) enum Topic {
    NewPerson,
    Modify(Box<Person>),
    Suspend(String),
    Resume(String),
    Remove(String),
    /// Keys of a person, with those that are there.
    Keys(String, Vec<HeldKey>),
    NewGroup,
    RemoveGroup(String),
    /// Into or out of a group.
    Membership(Membership),
    Undo(String),
    Finish(String),
}

/// Who comes or goes where; what is not known yet is asked for.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Membership {
    pub(in crate::tui) comes: bool,
    pub(in crate::tui) group: Option<String>,
    pub(in crate::tui) person: Option<String>,
}

impl Topic {
    pub(super) fn title(&self) -> String {
        match self {
            Self::NewPerson => "New person".to_owned(),
            Self::Modify(person) => format!("Modify {}", person.shown()),
            Self::Suspend(name) => format!("Suspend {name}"),
            Self::Resume(name) => format!("Resume {name}"),
            Self::Remove(name) => format!("Remove {name}"),
            Self::Keys(name, _) => format!("ssh keys of {name}"),
            Self::NewGroup => "New group".to_owned(),
            Self::RemoveGroup(name) => format!("Remove the group {name}"),
            Self::Membership(who) => match (who.comes, &who.group, &who.person) {
                (true, Some(group), _) => format!("People join {group}"),
                (false, Some(group), _) => format!("People leave {group}"),
                (true, None, Some(person)) => format!("{person} joins a group"),
                (false, None, Some(person)) => format!("{person} leaves a group"),
                (true, None, None) => "Join".to_owned(),
                (false, None, None) => "Leave".to_owned(),
            },
            Self::Undo(id) => format!("Undo {id}"),
            Self::Finish(id) => format!("Finish {id}"),
        }
    }

    /// The form to be filled in; `None` where nothing has to be asked.
    pub(super) fn form(&self, known: &Known) -> Option<Form> {
        match self {
            Self::NewPerson => Some(person::new_form(known)),
            Self::Modify(person) => Some(person::modify_form(person, known)),
            Self::Remove(name) => Some(remove::form(name)),
            Self::Keys(_, held) => Some(keys::form(held)),
            Self::NewGroup => Some(groups::new_form()),
            Self::Membership(who) => Some(groups::membership_form(who)),
            Self::Suspend(_)
            | Self::Resume(_)
            | Self::RemoveGroup(_)
            | Self::Undo(_)
            | Self::Finish(_) => None,
        }
    }

    /// Says under every field what is to be said, and shows those that belong.
    pub(super) fn judge(&self, form: &mut Form, known: &Known) {
        match self {
            Self::NewPerson => person::judge_new(form, known),
            Self::Modify(person) => person::judge_modified(form, person, known),
            Self::Remove(name) => remove::judge(form, name, known),
            Self::Keys(_, held) => keys::judge(form, held),
            Self::NewGroup => groups::judge_new(form, known),
            Self::Membership(who) => groups::judge_membership(form, who, known),
            Self::Suspend(_)
            | Self::Resume(_)
            | Self::RemoveGroup(_)
            | Self::Undo(_)
            | Self::Finish(_) => {}
        }
    }

    /// What is wanted; the reason where a form that was found good cannot be used all the same.
    pub(super) fn intent(&self, form: Option<&Form>) -> Result<(Intent, Password), String> {
        let plain = |intent| Ok((intent, Password::None));
        let blank = Form::new(Vec::new());
        let form = form.unwrap_or(&blank);
        match self {
            Self::NewPerson => person::new_intent(form),
            Self::Modify(person) => person::modify_intent(form, person),
            Self::Suspend(name) => plain(Intent::Suspend(name.clone())),
            Self::Resume(name) => plain(Intent::Resume(name.clone())),
            Self::Remove(name) => plain(Intent::Remove(
                name.clone(),
                remove::home(form),
                remove::files(form),
            )),
            Self::Keys(name, held) => plain(keys::intent(form, name, held)),
            Self::NewGroup => plain(groups::new_intent(form)?),
            Self::RemoveGroup(name) => plain(Intent::RemoveGroup(name.clone())),
            Self::Membership(who) => plain(groups::membership_intent(form, who)),
            Self::Undo(id) => plain(Intent::Undo(id.clone())),
            Self::Finish(id) => plain(Intent::Finish(id.clone())),
        }
    }

    /// What must not stay on the screen after a paste: the half of a key that is secret.
    pub(super) fn hide_secrets(form: &mut Form) -> bool {
        let private = keys::is_private(&form.text(Id::Key));
        if private {
            form.empty(Id::Key);
        }
        private
    }
}
