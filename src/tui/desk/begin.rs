//! Which dialogue a key opens, and whom it is about.

use crate::base::id::UserName;
use crate::model::people::Person;
use crate::model::people::password::State;
use crate::tui::dialog::Dialog;
use crate::tui::dialog::topic::{Membership, Topic};
use crate::tui::errand::{Errand, Known};
use crate::tui::keys::Action;

use super::{Desk, Place};

impl Desk {
    /// Whom or what a key is about: by name, or why there is no name.
    pub(super) fn subject(&self) -> Result<UserName, String> {
        let Some(known) = &self.known else {
            return Err("the directory is still being asked".to_owned());
        };
        if let Some(name) = self.sheet_name() {
            return Ok(name);
        }
        let people = &known.people;
        let name = match self.place {
            Place::Groups => self.groups.selected(people).map(|group| Some(&group.name)),
            _ => self
                .accounts
                .selected(people)
                .map(|person| person.name.as_ref()),
        };
        let Some(name) = name else {
            return Err("nothing is selected".to_owned());
        };
        let name = name.ok_or("no account has this uid: there is nothing to change")?;
        UserName::parse(name.raw()).map_err(|bad| bad.to_string())
    }

    /// The account of that name, as it was read last.
    fn person(&self, name: &UserName) -> Option<&Person> {
        let users = &self.known.as_ref()?.people.users;
        users.iter().find(|person| person.is_called(name))
    }

    /// Opens the dialogue that a key asks for.
    pub(super) fn begin(&mut self, asked: Action) -> Vec<Errand> {
        if self.known.is_none() {
            self.remark = Some("the directory is still being asked".to_owned());
            return Vec::new();
        }
        let groups = self.place == Place::Groups;
        let topic = match (asked, groups) {
            (Action::New, false) => Ok(Topic::NewPerson),
            (Action::New, true) => Ok(Topic::NewGroup),
            (Action::SshKeys, false) => match self.subject() {
                Ok(name) => {
                    let (dialog, reply) = Dialog::of_keys(&name, self.asked);
                    self.dialog = Some(dialog);
                    return self.after(reply);
                }
                Err(why) => Err(why),
            },
            _ => self
                .subject()
                .and_then(|name| self.topic(asked, groups, &name)),
        };
        match (topic, &self.known) {
            (Ok(topic), Some(known)) => {
                let (dialog, reply) = Dialog::open(topic, known, self.asked);
                self.dialog = Some(dialog);
                self.after(reply)
            }
            (Err(why), _) => {
                self.remark = Some(why);
                Vec::new()
            }
            (Ok(_), None) => Vec::new(),
        }
    }

    /// Opens the dialogue of what helps at once, over the screen that one is on.
    pub(in crate::tui) fn triage(&mut self, topic: Topic) -> Vec<Errand> {
        let nothing = Known::default();
        let (dialog, reply) = Dialog::open(topic, &nothing, self.asked);
        self.dialog = Some(dialog);
        self.after(reply)
    }

    fn topic(&self, asked: Action, groups: bool, name: &UserName) -> Result<Topic, String> {
        let text = name.as_str().to_owned();
        let membership = |comes| {
            let named = Some(text.clone());
            let (group, person) = if groups { (named, None) } else { (None, named) };
            Topic::Membership(Membership {
                comes,
                group,
                person,
            })
        };
        let person = || {
            let gone = || format!("there is no account {name} any more");
            self.person(name).ok_or_else(gone)
        };
        match asked {
            Action::Join => Ok(membership(true)),
            Action::Leave => Ok(membership(false)),
            Action::Remove if groups => Ok(Topic::RemoveGroup(text)),
            Action::Remove => Ok(Topic::Remove(text)),
            _ if groups => Err("that is for accounts; u goes there".to_owned()),
            Action::Modify => Ok(Topic::Modify(Box::new(person()?.clone()))),
            _ if person()?.state.contains(&State::Suspended) => Ok(Topic::Resume(text)),
            _ => Ok(Topic::Suspend(text)),
        }
    }
}
