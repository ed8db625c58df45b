//! What to write on somebody's terminals.

use crate::engine::changes::Intent;
use crate::engine::triage::Triage;
use crate::plan::triage::Act;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

pub(super) fn form() -> Form {
    Form::new(vec![(Id::Words, "words", Kind::Text(Entry::default()))])
}

pub(super) fn judge(form: &mut Form) {
    let remark = if form.text(Id::Words).trim().is_empty() {
        "one line, as plain text, on every terminal they work at; notebooks and RStudio have none"
    } else {
        "who writes it is said before it"
    };
    form.remark(Id::Words, Remark::Hint(remark.to_owned()));
}

pub(super) fn intent(form: &Form, to: &Triage) -> Intent {
    Intent::Triage(Triage {
        act: Act::Tell(form.text(Id::Words).trim().to_owned()),
        ..to.clone()
    })
}
