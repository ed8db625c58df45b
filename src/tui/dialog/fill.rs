//! A form that is filled in: what is typed and pasted, and the keys that are handed in with it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::errand::{Errand, Known};
use crate::tui::widget::form::{Form, Id, Remark};

use super::keys::{self, KeyFile, Standing};
use super::topic::Topic;
use super::{Dialog, Reply, Stage};

impl Dialog {
    /// Takes what was pasted.
    pub(in crate::tui) fn pasted(&mut self, text: &str, known: &Known) {
        let (Stage::Filling, Some(form)) = (&self.stage, &mut self.form) else {
            return;
        };
        let trouble = if form.is_at(Id::Key) {
            keys::pasted(form, text)
        } else {
            form.pasted(text);
            None
        };
        self.judge(known);
        if let (Some(why), Some(form)) = (trouble, &mut self.form) {
            form.remark(Id::Key, Remark::Bad(why));
        }
    }

    /// Takes the text of a file that was named in place of a key.
    pub(in crate::tui) fn key_file(
        &mut self,
        number: u64,
        text: Result<String, String>,
        known: &Known,
    ) {
        let (Stage::Filling, Some(form), Some(file)) =
            (&self.stage, &mut self.form, &mut self.file)
        else {
            return;
        };
        // Whoever has written something else meanwhile does not want it any more.
        if !file.is_asked(number) || !file.stands_in(form) {
            return;
        }
        match text.and_then(|text| keys::of_file(&text)) {
            Ok(found) => {
                form.empty(Id::Key);
                keys::take(form, &found);
                self.file = None;
            }
            Err(why) => file.failed(number, why),
        }
        self.judge(known);
    }

    pub(super) fn fill(&mut self, key: KeyEvent, known: &Known) -> Option<Reply> {
        match key.code {
            KeyCode::Esc => return Some(Reply::close()),
            KeyCode::Enter => return Some(self.entered(known)),
            _ => {}
        }
        let form = self.form.as_mut()?;
        let at_key = form.is_at(Id::Key);
        if form.typed(key) {
            let leaves = at_key && !form.is_at(Id::Key);
            let reply = if leaves {
                self.take_key()
            } else {
                Reply::default()
            };
            self.judge(known);
            return Some(reply);
        }
        let letter = matches!(key.code, KeyCode::Char(_));
        (letter && !key.modifiers.contains(KeyModifiers::CONTROL)).then(Reply::default)
    }

    /// Enter takes the key one is at; else it asks for the plan, once everything can be used.
    fn entered(&mut self, known: &Known) -> Reply {
        let Some(form) = &self.form else {
            return Reply::default();
        };
        let waits = match keys::standing(form) {
            Standing::Nothing | Standing::Bad(_) => false,
            Standing::Keys(_) => form.is_at(Id::Key),
            Standing::File(_) => true,
        };
        let reply = self.take_key();
        self.judge(known);
        if waits || self.form.as_mut().is_some_and(Form::find_bad) {
            return reply;
        }
        self.ask_plan()
    }

    /// Takes what stands in the field of a key into the list, or asks for the file it names.
    fn take_key(&mut self) -> Reply {
        let Some(form) = &mut self.form else {
            return Reply::default();
        };
        match keys::standing(form) {
            Standing::Nothing | Standing::Bad(_) => Reply::default(),
            Standing::Keys(found) => {
                form.empty(Id::Key);
                keys::take(form, &found);
                Reply::default()
            }
            Standing::File(path) => {
                if self.file.as_ref().is_some_and(|file| file.is_read(&path)) {
                    return Reply::default();
                }
                self.number += 1;
                self.file = Some(KeyFile::new(self.number, &path));
                Reply::ask(Errand::KeyFile(self.number, path))
            }
        }
    }

    pub(super) fn judge(&mut self, known: &Known) {
        let Some(form) = &mut self.form else {
            return;
        };
        let secret = Topic::hide_secrets(form);
        self.topic.judge(form, known);
        if secret {
            form.remark(Id::Key, Remark::Bad(keys::private_words()));
        } else if let Some(file) = &self.file
            && file.stands_in(form)
        {
            form.remark(Id::Key, file.remark());
        }
    }
}
