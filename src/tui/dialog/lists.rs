//! Fields that hold several names, parted by commas.

use crate::model::people::{Source, meaning};
use crate::tui::errand::Known;
use crate::tui::widget::form::{Form, Id, Remark};

/// So many names are offered.
const OFFERED: usize = 6;

/// What the names are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// May stay empty.
    Groups,
    /// Exactly one.
    Group,
    /// At least one.
    People,
    /// May stay empty.
    Members,
    /// Exactly one.
    Heir,
}

/// The names in a field.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Groups that can be changed here and are not one person's own.
pub(super) fn local_groups(known: &Known) -> Vec<String> {
    let groups = known.people.groups.iter();
    let shared = groups.filter(|group| group.source == Source::Local && !group.private);
    let mut names: Vec<String> = shared.map(|group| group.name.raw().to_owned()).collect();
    names.sort_unstable();
    names
}

/// Everyone who has an account, people first.
pub(super) fn accounts(known: &Known) -> Vec<String> {
    let mut users: Vec<_> = known.people.users.iter().collect();
    users.sort_by_key(|user| !user.person);
    let names = users.into_iter().filter_map(|user| user.name.as_ref());
    names.map(|name| name.raw().to_owned()).collect()
}

/// Checks a field against the names that may stand in it, and offers those that begin like the
/// last one.
pub(super) fn judge(form: &mut Form, id: Id, names: &[String], what: What) {
    let text = form.text(id);
    let words = words(&text);
    let last = text.rsplit([',', ' ']).next().unwrap_or("");
    let offered: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with(last) && !words.iter().any(|word| word == name))
        .collect();
    let completion = match offered[..] {
        [only] if !last.is_empty() && !names.iter().any(|name| name == last) => &only[last.len()..],
        _ => "",
    };
    form.complete(id, completion);
    form.remark(id, remark(&words, names, &offered, what));
}

fn remark(words: &[String], names: &[String], offered: &[&str], what: What) -> Remark {
    let some = offered
        .iter()
        .take(OFFERED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let offer = if some.is_empty() {
        String::new()
    } else {
        let more = if offered.len() > OFFERED { ", ..." } else { "" };
        format!("{some}{more}")
    };
    if let Some(unknown) = words.iter().find(|word| !names.contains(word)) {
        let kind = match what {
            What::Groups | What::Group => "is no group of this host",
            What::People | What::Members | What::Heir => "is none of these",
        };
        let hint = if offer.is_empty() { "" } else { "; " };
        return Remark::Bad(format!("{unknown} {kind}{hint}{offer}"));
    }
    match (what, words.len()) {
        (What::Group, 0) => return Remark::Bad(format!("which one: {offer}")),
        (What::People, 0) => return Remark::Bad(format!("who, parted by commas: {offer}")),
        (What::Heir, 0) => return Remark::Bad(format!("to whom: {offer}")),
        (What::Heir, 2..) => return Remark::Bad("one person alone".to_owned()),
        (What::Group, 2..) => return Remark::Bad("one group at a time".to_owned()),
        _ => {}
    }
    if matches!(what, What::Groups | What::Group) {
        let root = |word: &&String| meaning::of(word).is_some_and(|meaning| meaning.root);
        if let Some(word) = words.iter().find(root)
            && let Some(meaning) = meaning::of(word)
        {
            return Remark::Look(format!("{word}: {}", meaning.says));
        }
    }
    Remark::Hint(if offer.is_empty() {
        String::new()
    } else {
        match what {
            What::Heir => offer,
            _ => format!("parted by commas: {offer}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::entry::Entry;
    use crate::tui::widget::form::Kind;

    fn judged(text: &str, what: What) -> String {
        let mut form = Form::new(vec![(Id::Groups, "groups", Kind::Text(Entry::new(text)))]);
        let names = ["analysts", "modelling", "models", "sudo"].map(str::to_owned);
        judge(&mut form, Id::Groups, &names, what);
        format!("{form:?}")
    }

    #[test]
    fn a_name_is_completed_when_only_one_begins_so() {
        assert!(judged("an", What::Groups).contains("completion: \"alysts\""));
        assert!(judged("sudo,mod", What::Groups).contains("modelling, models"));
        assert!(judged("sudo,mod", What::Groups).contains("completion: \"\""));
    }

    #[test]
    fn unknown_names_are_refused_and_powerful_ones_told() {
        assert!(judged("wheel", What::Groups).contains("Bad(\"wheel is no group"));
        assert!(judged("analysts, sudo", What::Groups).contains("Look(\"sudo: runs any"));
        assert!(judged("", What::Groups).contains("Hint"));
        assert!(judged("", What::People).contains("Bad(\"who"));
        assert!(judged("sudo models", What::Group).contains("Bad(\"one group"));
    }

    #[test]
    fn names_are_parted_by_commas_and_blanks_and_stand_once() {
        assert_eq!(words("a, b,,a c "), ["a", "b", "c"]);
    }
}
