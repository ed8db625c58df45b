//! One person or one group in all that is known: lines with labels, to be scrolled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::id::UserName;
use crate::base::text::printable;
use crate::engine::receipts::Told;
use crate::model::people::details::PersonDetails;
use crate::model::people::{Group, told};
use crate::tui::keys::Action;
use crate::tui::theme::Theme;
use crate::tui::widget::{footer, line, wrap};

use super::plans;

/// Columns of the labels.
const LABEL: usize = 13;
/// Rows above the lines and below.
const ABOVE: u16 = 2;
const BELOW: u16 = 2;

/// What is looked at.
#[derive(Debug)]
pub(in crate::tui) enum Subject {
    /// A person, by the account's name; the details when they have come, `None` in them when
    /// nobody has that name.
    Person(UserName, Option<Option<Box<PersonDetails>>>),
    /// A group, by its name.
    Group(UserName),
    /// A plan that was made here, by its name.
    Plan(String),
}

/// What a sheet is about, as it was read last.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tui) struct About<'a> {
    pub(in crate::tui) group: Option<&'a Group>,
    pub(in crate::tui) plan: Option<&'a Told>,
}

/// A sheet, and how far it is scrolled.
#[derive(Debug)]
pub(in crate::tui) struct Sheet {
    pub(in crate::tui) subject: Subject,
    top: usize,
}

impl Sheet {
    pub(in crate::tui) fn new(subject: Subject) -> Self {
        Self { subject, top: 0 }
    }

    pub(in crate::tui) fn act(&mut self, action: Action) {
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top.saturating_add(1),
            Action::PageUp => self.top.saturating_sub(10),
            Action::PageDown => self.top.saturating_add(10),
            Action::First => 0,
            _ => self.top,
        };
    }

    /// Takes the details of a person, if they are of this one.
    pub(in crate::tui) fn learns(&mut self, whose: &UserName, news: Option<&PersonDetails>) {
        if let Subject::Person(name, details) = &mut self.subject
            && name == whose
        {
            *details = Some(news.cloned().map(Box::new));
        }
    }

    /// Draws it.
    pub(in crate::tui) fn render(
        &self,
        theme: Theme,
        about: About<'_>,
        area: Rect,
        cells: &mut Buffer,
    ) {
        let (title, lines) = self.content(about);
        let title = theme.cell(&clean(&title), usize::from(area.width));
        line::put(cells, area, 0, &[(&title, theme.strong())]);
        let rows = rows(theme, &lines, area.width, true);
        let room = area.height.saturating_sub(ABOVE + BELOW);
        let last = rows.len().saturating_sub(usize::from(room));
        let top = self.top.min(last);
        for (row, (label, text, style)) in (0..room).zip(rows.iter().skip(top)) {
            let pieces = [(label.as_str(), theme.heading()), (text.as_str(), *style)];
            line::put(cells, area, ABOVE + row, &pieces);
        }
        if last > 0 {
            let to = top + usize::from(room);
            let more = format!("lines {}-{to} of {}", top + 1, rows.len());
            line::put(cells, area, area.height - BELOW, &[(&more, theme.dim())]);
        }
        footer::render(theme, &self.hints(about), area, cells);
    }

    fn content(&self, about: About<'_>) -> (String, Vec<(&'static str, String)>) {
        match (&self.subject, about.group) {
            (Subject::Person(name, None), _) => (
                name.to_string(),
                vec![("", "asking the directory...".to_owned())],
            ),
            (Subject::Person(name, Some(None)), _) => (
                name.to_string(),
                vec![("", "no account has this name any more".to_owned())],
            ),
            (Subject::Person(_, Some(Some(details))), _) => {
                (told::whose(&details.user), person(details))
            }
            (Subject::Group(_), Some(group)) => (told::which(group), told::group(group)),
            (Subject::Group(name), None) => (
                name.to_string(),
                vec![("", "there is no such group any more".to_owned())],
            ),
            (Subject::Plan(id), _) => (
                format!("plan {id}"),
                match about.plan {
                    Some(told) => plans::lines(told),
                    None => vec![("", "it is not among the last ones any more".to_owned())],
                },
            ),
        }
    }

    fn hints(&self, about: About<'_>) -> Vec<(Action, &'static str)> {
        match self.subject {
            Subject::Person(..) => vec![
                (Action::Back, "accounts"),
                (Action::Modify, "modify"),
                (Action::Suspend, "suspend"),
                (Action::SshKeys, "keys"),
                (Action::Join, "join"),
                (Action::Leave, "leave"),
                (Action::Remove, "remove"),
                (Action::Down, "further"),
            ],
            Subject::Group(_) => vec![
                (Action::Back, "groups"),
                (Action::Join, "join"),
                (Action::Leave, "leave"),
                (Action::Remove, "remove"),
                (Action::Down, "further"),
            ],
            Subject::Plan(_) => {
                let mut hints = vec![(Action::Back, "plans")];
                hints.extend(about.plan.map_or_else(Vec::new, plans::decisions));
                hints.push((Action::Down, "further"));
                hints
            }
        }
    }
}

fn person(details: &PersonDetails) -> Vec<(&'static str, String)> {
    let mut lines = told::person(details);
    match details.keys.as_deref() {
        None => {}
        Some([]) => lines.push(("ssh keys", "none".to_owned())),
        Some(keys) => lines.extend(keys.iter().map(|key| {
            let (kind, bits, print) = (&key.kind, key.bits, &key.fingerprint);
            let mut text = format!("{kind} {bits} {print} {}", key.comment);
            if let Some(options) = &key.options {
                text += &format!("; restricted: {options}");
            }
            if let Some(warning) = &key.warning {
                text += &format!("; {warning}");
            }
            ("ssh key", text)
        })),
    }
    let notes = details.partial.iter().map(|note| ("note", note.clone()));
    lines.extend(notes);
    lines
}

/// Lines of a given width: the label, which stands at the first one alone, and a part of the text.
/// Not `wrapped`, every text is one line, cut at its end.
pub(super) fn rows(
    theme: Theme,
    lines: &[(&'static str, String)],
    width: u16,
    wrapped: bool,
) -> Vec<(String, String, Style)> {
    let width = usize::from(width).saturating_sub(LABEL);
    let mut rows = Vec::new();
    for (label, text) in lines {
        let style = match *label {
            "attention" | "note" => theme.warn(),
            _ => theme.text(),
        };
        let text = theme.shown(&clean(text));
        let parts = if wrapped {
            wrap::lines(&text, width)
        } else {
            vec![theme.cell(&text, width).trim_end().to_owned()]
        };
        for (at, part) in parts.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            rows.push((theme.cell(label, LABEL), part, style));
        }
    }
    rows
}

/// Other people's text as it may be shown.
pub(in crate::tui) fn clean(text: &str) -> String {
    printable(text.as_bytes(), 4000)
}

/// The upper right corner of a list: that it is being asked for, or what could not be read.
pub(super) fn corner(
    theme: Theme,
    partial: &[String],
    asking: bool,
    taken: u16,
    area: Rect,
    cells: &mut Buffer,
) {
    if asking {
        let text = "asking the directory...";
        line::put_right(cells, area, 0, (text, theme.dim()), taken);
    } else if let Some(first) = partial.first() {
        let width = usize::from(area.width.saturating_sub(taken + 2));
        let text = theme.shown(&printable(first.as_bytes(), width));
        line::put_right(cells, area, 0, (&text, theme.warn()), taken);
    }
}
