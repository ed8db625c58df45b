//! The form of a removal: what becomes of the home.

use crate::plan::people::remove::Home;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

/// The choices, in their order; the first is to pack it.
const KEEP: usize = 1;
const DELETE: usize = 2;

pub(super) fn form(name: &str) -> Form {
    let ways = ["pack it", "keep it", "delete it"]
        .map(str::to_owned)
        .to_vec();
    let file = Entry::new(&format!("/root/{name}.tar.zst"));
    Form::new(vec![
        (Id::Home, "the home", Kind::Choice(ways, 0)),
        (Id::File, "into", Kind::Text(file)),
        (Id::Confirm, "really", Kind::Text(Entry::default())),
    ])
}

pub(super) fn judge(form: &mut Form, name: &str) {
    let way = form.chosen(Id::Home);
    form.show(Id::File, way != KEEP && way != DELETE);
    form.show(Id::Confirm, way == DELETE);
    let means = match way {
        KEEP => "it stays where it is, under a uid that nobody receives again",
        DELETE => "everything in it is gone for good",
        _ => "packed, every file compared, then deleted",
    };
    form.remark(
        Id::Home,
        Remark::Hint(format!("{means}; Left and Right choose")),
    );
    let file = form.text(Id::File);
    let good = file.starts_with('/') && !file.ends_with('/') && !file.contains(char::is_control);
    form.remark(
        Id::File,
        if good || form.text(Id::Home) != "pack it" {
            Remark::Hint("a file that is not there yet (tar, compressed with zstd)".to_owned())
        } else {
            Remark::Bad("write the whole path of a file, beginning with /".to_owned())
        },
    );
    form.remark(
        Id::Confirm,
        if way == DELETE && form.text(Id::Confirm) != name {
            Remark::Bad(format!("type {name} to delete everything of theirs"))
        } else {
            Remark::None
        },
    );
}

pub(super) fn home(form: &Form) -> Home {
    match form.chosen(Id::Home) {
        KEEP => Home::Keep,
        DELETE => Home::Delete,
        _ => Home::Archive(form.text(Id::File)),
    }
}
