//! What a dialogue is about, and what its form means.

use crate::engine::changes::Intent;
use crate::engine::limits::LimitsIntent;
use crate::engine::triage::Triage;
use crate::model::people::Person;
use crate::model::people::details::HeldKey;
use crate::plan::triage::Act;
use crate::tui::errand::{Known, Password};
use crate::tui::widget::form::{Form, Id};

use super::{groups, keys, limits, person, remove, words};

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
    /// Other limits, in a scope.
    SetLimits(limits::Now),
    /// What the console said of a scope, no more.
    ClearLimits(limits::Now),
    /// What others did to limits, set aside.
    Mend,
    /// The host as its policy says.
    ApplyPolicy,
    Undo(String),
    Finish(String),
    /// What helps at once.
    Triage(Triage),
    /// Words for somebody, which are asked for.
    Tell(Triage),
}

/// Who comes or goes where; what is not known yet is asked for.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Membership {
    pub(in crate::tui) comes: bool,
    pub(in crate::tui) group: Option<String>,
    pub(in crate::tui) person: Option<String>,
}

impl Topic {
    /// What takes it back, once its plan is done.
    pub(super) fn undo(&self, id: &str) -> Self {
        match self {
            Self::Triage(wish) if wish.act == Act::Freeze => Self::Triage(Triage {
                act: Act::Thaw,
                ..wish.clone()
            }),
            _ => Self::Undo(id.to_owned()),
        }
    }

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
            Self::SetLimits(now) if now.throttles => format!("Throttle {}", now.whose),
            Self::SetLimits(now) => format!("Limits of {}", now.whose),
            Self::Tell(to) => format!("Write to {}", to.name),
            Self::ClearLimits(now) => format!("Clear limits of {}", now.whose),
            Self::Mend => "Mend what is not as the policy says".to_owned(),
            Self::ApplyPolicy => "Apply the policy".to_owned(),
            Self::Undo(id) => format!("Undo {id}"),
            Self::Finish(id) => format!("Finish {id}"),
            Self::Triage(wish) => {
                let words = wish.act.words(&wish.name);
                words[..1].to_uppercase() + &words[1..]
            }
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
            Self::SetLimits(now) => Some(limits::set_form(now)),
            Self::Tell(_) => Some(words::form()),
            Self::ClearLimits(now) => Some(limits::clear_form(now)),
            Self::Suspend(_)
            | Self::Resume(_)
            | Self::RemoveGroup(_)
            | Self::Mend
            | Self::ApplyPolicy
            | Self::Undo(_)
            | Self::Finish(_)
            | Self::Triage(_) => None,
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
            Self::SetLimits(now) => limits::judge_set(form, now),
            Self::Tell(_) => words::judge(form),
            Self::ClearLimits(_) => limits::judge_clear(form),
            Self::Suspend(_)
            | Self::Resume(_)
            | Self::RemoveGroup(_)
            | Self::Mend
            | Self::ApplyPolicy
            | Self::Undo(_)
            | Self::Finish(_)
            | Self::Triage(_) => {}
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
            Self::SetLimits(now) => plain(limits::set_intent(form, now)?),
            Self::ClearLimits(now) => plain(limits::clear_intent(form, now)?),
            Self::Mend => plain(Intent::Limits(LimitsIntent::Mend)),
            Self::ApplyPolicy => plain(Intent::Limits(LimitsIntent::Apply)),
            Self::Undo(id) => plain(Intent::Undo(id.clone())),
            Self::Finish(id) => plain(Intent::Finish(id.clone())),
            Self::Triage(wish) => plain(Intent::Triage(wish.clone())),
            Self::Tell(to) => plain(words::intent(form, to)),
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
