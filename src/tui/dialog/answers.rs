//! What answers make of a dialogue. An answer to a question that was left means nothing.

use crate::base::id::UserName;
use crate::model::people::details::PersonDetails;
use crate::tui::errand::{Answer, Ending, Errand, Known};

use super::topic::Topic;
use super::{Dialog, End, Reply, Shown, Stage};

impl Dialog {
    /// Takes the details of a person, which the form of their keys waits for.
    pub(in crate::tui) fn gathered(
        &mut self,
        name: &UserName,
        details: Option<&PersonDetails>,
        known: &Known,
    ) {
        let Topic::Keys(whose, held) = &mut self.topic else {
            return;
        };
        if !matches!(self.stage, Stage::Gathering) || whose != name.as_str() {
            return;
        }
        let Some(keys) = details.and_then(|details| details.keys.clone()) else {
            let why = details.and_then(|details| details.partial.last().cloned());
            let why = why.unwrap_or_else(|| "the keys cannot be read".to_owned());
            self.stage = Stage::Ended(End::Nothing(why));
            return;
        };
        *held = keys;
        self.form = self.topic.form(known);
        self.stage = Stage::Filling;
        self.judge(known);
    }

    /// Takes an answer to one of its questions.
    pub(in crate::tui) fn answer(&mut self, answer: Answer) -> Reply {
        match (answer, &mut self.stage) {
            (Answer::Plan(number, plan), Stage::Planning) if number == self.number => {
                self.stage = match plan {
                    Ok(plan) => Stage::Shown(plan),
                    Err(why) => Stage::Ended(End::Nothing(why)),
                };
                Reply::default()
            }
            (Answer::Progress(number, progress), Stage::Running(run)) if number == self.number => {
                run.takes(progress);
                Reply::default()
            }
            (Answer::Ended(number, ending), Stage::Running(_)) if number == self.number => {
                self.ended(ending)
            }
            (Answer::Wrote(number, path), Stage::Ended(End::Applied(_, shown)))
                if number == self.number =>
            {
                shown.wrote(path);
                self.top = 0;
                Reply::default()
            }
            (Answer::Failed(Some(number), why), Stage::Ended(End::Applied(_, shown)))
                if number == self.number =>
            {
                shown.wrote(Err(why));
                Reply::default()
            }
            (Answer::Failed(number, why), Stage::Running(_) | Stage::Planning)
                if number == Some(self.number) =>
            {
                self.stage = Stage::Ended(End::Nothing(why));
                Reply::default()
            }
            (Answer::Failed(Some(number), why), Stage::Filling) => {
                if let Some(file) = &mut self.file {
                    file.failed(number, why);
                }
                Reply::default()
            }
            (Answer::Failed(None, why), Stage::Gathering) => {
                self.stage = Stage::Ended(End::Nothing(why));
                Reply::default()
            }
            _ => Reply::default(),
        }
    }

    fn ended(&mut self, ending: Ending) -> Reply {
        self.top = 0;
        match ending {
            Ending::Applied(applied, handed) => {
                let shown = Shown {
                    handed,
                    asked: false,
                    written: None,
                };
                self.stage = Stage::Ended(End::Applied(applied, shown));
                self.wish = None;
                // Triage changes no account, and a host that needs it is asked for nothing more.
                let errands = match self.topic {
                    Topic::Triage(_) => Vec::new(),
                    _ => vec![Errand::People, Errand::Plans],
                };
                Reply {
                    close: false,
                    errands,
                }
            }
            Ending::Refused(plan) => {
                self.stage = Stage::Shown(*plan);
                Reply::default()
            }
            Ending::Changed => {
                self.note = Some("the host has changed since: this is the plan now");
                self.ask_plan()
            }
            Ending::Nothing(why) => {
                self.stage = Stage::Ended(End::Nothing(why));
                Reply::default()
            }
        }
    }
}
