//! Fields for an id chosen by hand.

use crate::tui::widget::form::{Form, Id, Remark};

/// Checks what is written; `taken` names whose the id is.
pub(super) fn judge(form: &mut Form, field: Id, taken: impl Fn(u32) -> Option<String>) {
    let text = form.text(field);
    let remark = match (text.is_empty(), text.parse().map(taken)) {
        (true, _) => Remark::Hint("the next free one where it stays empty".to_owned()),
        (false, Err(_)) => Remark::Bad("it is not a number".to_owned()),
        (false, Ok(Some(whose))) => Remark::Bad(format!("it is {whose}'s")),
        (false, Ok(None)) => Remark::None,
    };
    form.remark(field, remark);
}

/// The id; `None` where it is left to the host.
pub(super) fn value(form: &Form, field: Id) -> Option<u32> {
    form.text(field).parse().ok()
}
