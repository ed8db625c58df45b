//! The form of a removal: what becomes of the home, and of what they own elsewhere.

use crate::plan::people::remove::{Files, Home};
use crate::tui::errand::Known;
use crate::tui::widget::entry::Entry;
use crate::tui::widget::form::{Form, Id, Kind, Remark};

use super::lists::{self, What};

/// The choices, in their order; the first is to pack it.
const KEEP: usize = 1;
const DELETE: usize = 2;
/// The choices for files elsewhere; the first is to leave them.
const GIVE: usize = 1;

pub(super) fn form(name: &str) -> Form {
    let ways = |words: [&str; 3]| words.map(str::to_owned).to_vec();
    let home = ways(["pack it", "keep it", "delete it"]);
    let elsewhere = ways(["keep them", "give them away", "delete them"]);
    let file = Entry::new(&format!("/root/{name}.tar.zst"));
    Form::new(vec![
        (Id::Home, "the home", Kind::Choice(home, 0)),
        (Id::File, "into", Kind::Text(file)),
        (Id::Elsewhere, "elsewhere", Kind::Choice(elsewhere, 0)),
        (Id::Heir, "to", Kind::Text(Entry::default())),
        (Id::Confirm, "really", Kind::Text(Entry::default())),
    ])
}

pub(super) fn judge(form: &mut Form, name: &str, known: &Known) {
    let way = form.chosen(Id::Home);
    let elsewhere = form.chosen(Id::Elsewhere);
    let deletes = way == DELETE || elsewhere == DELETE;
    form.show(Id::File, way != KEEP && way != DELETE);
    form.show(Id::Heir, elsewhere == GIVE);
    form.show(Id::Confirm, deletes);
    let means = match way {
        KEEP => "it stays where it is, under a uid that nobody receives again",
        DELETE => "everything in it is gone for good",
        _ => "packed, compared, then deleted",
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
    let means = match elsewhere {
        GIVE => "files of theirs become another person's",
        DELETE => "files of theirs are gone for good; directories with other people's files stay",
        _ => "files of theirs stay, under a uid that nobody receives again",
    };
    form.remark(Id::Elsewhere, Remark::Hint(means.to_owned()));
    let users = known.people.users.iter().filter(|user| user.person);
    let heirs: Vec<String> = users
        .filter_map(|user| user.name.as_ref())
        .map(|heir| heir.raw().to_owned())
        .filter(|heir| heir != name)
        .collect();
    lists::judge(form, Id::Heir, &heirs, What::Heir);
    form.remark(
        Id::Confirm,
        if deletes && form.text(Id::Confirm) != name {
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

pub(super) fn files(form: &Form) -> Files {
    match form.chosen(Id::Elsewhere) {
        GIVE => Files::Give(form.text(Id::Heir)),
        DELETE => Files::Delete,
        _ => Files::Keep,
    }
}
