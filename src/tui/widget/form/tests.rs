//! Forms without a dialogue around them.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyModifiers;
use ratatui::layout::Rect;

use super::*;
use crate::tui::theme::Theme;

fn form() -> Form {
    Form::new(vec![
        (Id::FullName, "full name", Kind::Text(Entry::default())),
        (Id::Name, "name", Kind::Text(Entry::default())),
        (
            Id::Shell,
            "shell",
            Kind::Choice(vec!["/bin/sh".into(), "/bin/bash".into()], 0),
        ),
        (Id::Typed, "password", Kind::Hidden(Entry::default())),
        (Id::MustChange, "must change", Kind::Check(false)),
    ])
}

fn press(form: &mut Form, codes: &[KeyCode]) {
    for code in codes {
        form.typed(KeyEvent::new(*code, KeyModifiers::NONE));
    }
}

fn drawn(form: &Form, ascii: bool, (columns, rows): (u16, u16)) -> Vec<String> {
    let area = Rect::new(0, 0, columns, rows);
    let mut cells = Buffer::empty(area);
    form.render(Theme::new(true, ascii), area, &mut cells);
    let rows = cells.content().chunks(usize::from(columns));
    rows.map(|row| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    })
    .collect()
}

#[test]
fn fields_are_walked_through_and_those_not_shown_are_passed() {
    let mut form = form();
    form.show(Id::Name, false);
    press(&mut form, &[KeyCode::Tab, KeyCode::Right]);
    assert_eq!(form.text(Id::Shell), "/bin/bash");
    press(&mut form, &[KeyCode::Up, KeyCode::Up, KeyCode::Char(' ')]);
    assert!(form.ticked(Id::MustChange));
    press(&mut form, &[KeyCode::Down, KeyCode::Char('q')]);
    assert_eq!(form.text(Id::FullName), "q");
}

#[test]
fn what_is_suggested_stands_until_somebody_types() {
    let mut form = form();
    form.suggest(Id::Name, "ada");
    form.suggest(Id::Name, "ada.l");
    assert_eq!(form.text(Id::Name), "ada.l");
    press(&mut form, &[KeyCode::Tab, KeyCode::Backspace]);
    form.suggest(Id::Name, "eve");
    assert_eq!(form.text(Id::Name), "ada.");
}

#[test]
fn an_empty_field_is_blamed_only_when_somebody_thinks_it_complete() {
    let mut form = form();
    form.remark(Id::Name, Remark::Bad("it is empty".into()));
    assert!(!drawn(&form, false, (60, 12)).concat().contains("empty"));
    assert!(form.find_bad());
    let rows = drawn(&form, false, (60, 12));
    assert!(rows[2].starts_with("> name") && rows[3].contains("it is empty"));
}

#[test]
fn a_password_is_never_drawn() {
    let mut form = form();
    press(&mut form, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab]);
    form.pasted("hunter2\n");
    assert_eq!(form.text(Id::Typed), "hunter2");
    let rows = drawn(&form, false, (60, 12)).concat();
    assert!(rows.contains("(not shown)") && !rows.contains("hunter"));
}

#[test]
fn a_paste_is_text_and_no_keys() {
    let mut form = form();
    form.pasted("Ada\r\nLovelace\n");
    assert_eq!(form.text(Id::FullName), "Ada  Lovelace");
    assert_eq!(form.text(Id::Name), "");
}

#[test]
fn right_takes_what_is_offered() {
    let mut form = form();
    press(&mut form, &[KeyCode::Char('a')]);
    form.complete(Id::FullName, "da");
    assert!(drawn(&form, false, (60, 12))[0].contains("ada"));
    press(&mut form, &[KeyCode::Right]);
    assert_eq!(form.text(Id::FullName), "ada");
}

#[test]
fn the_cursor_of_a_long_text_is_seen() {
    let mut form = form();
    form.pasted(&format!("{}end", "x".repeat(300)));
    assert!(drawn(&form, false, (40, 4))[0].ends_with("end_"));
    press(&mut form, &[KeyCode::Home]);
    assert!(drawn(&form, false, (40, 4))[0].ends_with("xxx"));
}

proptest! {
    #[test]
    fn no_text_and_no_size_breaks_it(
        text in any::<String>(), keys in "[a-z]{0,4}",
        size in (1u16..90, 1u16..30), ascii in any::<bool>(), down in 0usize..6,
    ) {
        let mut form = form();
        form.pasted(&text);
        form.remark(Id::FullName, Remark::Bad(text));
        form.complete(Id::FullName, &keys);
        press(&mut form, &vec![KeyCode::Down; down]);
        let rows = drawn(&form, ascii, size).concat();
        prop_assert!(!rows.contains(char::is_control));
        prop_assert!(!ascii || rows.is_ascii());
    }
}
