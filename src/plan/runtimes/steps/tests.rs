use super::*;
use crate::model::runtimes::table::{Choice, Have, Program, Whom};
use crate::model::runtimes::version::Version;

const PROGRAM: &str = "/usr/bin/benchwarden";

fn table(language: Language, whom: Whom) -> Table {
    let version = Version::parse("4.5.0").unwrap();
    let program = Program {
        path: "/opt/R/4.5.0/bin/R".to_owned(),
        script: None,
    };
    Table {
        first_person: 1000,
        have: vec![Have {
            language,
            version: version.clone(),
            program,
        }],
        choices: vec![Choice {
            whom,
            language,
            version,
        }],
        ..Table::default()
    }
}

fn link(target: &str) -> Entry {
    Entry {
        fact: link_fact(target),
        target: Some(target.to_owned()),
        is_dir: false,
    }
}

fn held(text: &str) -> Held {
    Held {
        fact: format!("0:0 0644 {}", sha256_hex(text.as_bytes())),
        text: text.to_owned(),
        mode: 0o644,
        is_roots: true,
    }
}

fn bare() -> Present {
    Present {
        program: Some(PROGRAM.to_owned()),
        ..Present::default()
    }
}

fn planned(table: Option<&Table>, present: &Present) -> Plan {
    let mut plan = Plan::new("test", "x");
    add(&mut plan, table, present);
    plan
}

/// What is there when all steps are done: each finds what it expects.
fn after(plan: &Plan, present: &Present) -> Present {
    let mut new = present.clone();
    for step in &plan.steps {
        for change in &step.changes {
            let now = match &change.subject {
                Subject::Link(path) => new.entries.get(path).map(|entry| entry.fact.clone()),
                Subject::File(path) if path == table::PATH => {
                    new.table.as_ref().map(|held| held.fact.clone())
                }
                Subject::File(_) => new.rstudio.as_ref().map(|held| held.fact.clone()),
                other => panic!("{other}"),
            };
            assert!(
                change.before.holds(now.as_deref()),
                "{}: {now:?}",
                step.what
            );
        }
        match &step.action {
            Action::PlaceLink { path, target } => {
                new.entries.insert(path.clone(), link(target));
            }
            Action::RemoveFile { path } => {
                new.entries.remove(path);
            }
            Action::Exchange { path, with } => {
                let (one, other) = (new.entries.remove(path), new.entries.remove(with));
                new.entries.insert(path.clone(), other.unwrap());
                new.entries.insert(with.clone(), one.unwrap());
            }
            Action::WriteDropIn { content, .. } => new.table = Some(held(content)),
            Action::RemoveDropIn { .. } => new.table = None,
            Action::WriteFile { content, .. } => new.rstudio = Some(held(content)),
            other => panic!("{other}"),
        }
    }
    new
}

fn same(one: &Present, other: &Present) {
    assert_eq!(one.entries, other.entries);
    assert_eq!((&one.table, &one.rstudio), (&other.table, &other.rstudio));
}

/// Chosen and then reset, and chosen and then undone: the host is as it was.
fn there_and_back(before: &Present) -> Present {
    let table = table(Language::R, Whom::Everybody);
    let plan = planned(Some(&table), before);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let chosen = after(&plan, before);
    assert!(
        planned(Some(&table), &chosen).steps.is_empty(),
        "nothing is left to do"
    );
    let reset = planned(None, &chosen);
    same(&after(&reset, &chosen), before);
    let all: Vec<usize> = (0..plan.steps.len()).collect();
    let undo = crate::plan::undo::plan("P", &plan, &all);
    same(&after(&undo, &chosen), before);
    chosen
}

#[test]
fn a_bare_host_gets_links_and_a_table_and_loses_them_again() {
    let chosen = there_and_back(&bare());
    let there: Vec<&str> = chosen.entries.keys().map(String::as_str).collect();
    assert_eq!(there, ["/usr/local/bin/R", "/usr/local/bin/Rscript"]);
    assert!(chosen.is_something() && !bare().is_something());
}

#[test]
fn what_was_there_waits_beside_and_comes_back() {
    let mut before = bare();
    let rig = link("/opt/R/current/bin/R");
    before.entries.insert("/usr/local/bin/R".to_owned(), rig);
    let own = Entry {
        fact: "0:0 0755 abc".to_owned(),
        target: None,
        is_dir: false,
    };
    before
        .entries
        .insert("/usr/local/bin/Rscript".to_owned(), own.clone());
    before.rstudio = Some(held("rsession-which-r=/opt/R/current/bin/R\n"));
    let chosen = there_and_back(&before);
    assert_eq!(
        chosen.entries["/usr/local/bin/.Rscript.before-benchwarden"],
        own
    );
    let told = &chosen.rstudio.as_ref().unwrap().text;
    assert!(
        told.ends_with("\nrsession-which-r=/opt/R/4.5.0/bin/R\n"),
        "{told}"
    );
}

#[test]
fn there_is_never_a_moment_without_an_r_that_was_there() {
    let mut before = bare();
    let rig = link("/opt/R/current/bin/R");
    before.entries.insert("/usr/local/bin/R".to_owned(), rig);
    let table = table(Language::R, Whom::Everybody);
    let plan = planned(Some(&table), &before);
    for upto in 0..=plan.steps.len() {
        let mut part = plan.clone();
        part.steps.truncate(upto);
        let now = after(&part, &before);
        let r = now.entries.get("/usr/local/bin/R").unwrap();
        // The one that decides is there only when what it reads is.
        assert!(!Present::is_ours(r) || now.table.is_some(), "{upto}");
    }
    let chosen = after(&plan, &before);
    let reset = planned(None, &chosen);
    for upto in 0..=reset.steps.len() {
        let mut part = reset.clone();
        part.steps.truncate(upto);
        let now = after(&part, &chosen);
        let r = now.entries.get("/usr/local/bin/R").unwrap();
        assert!(!Present::is_ours(r) || now.table.is_some(), "{upto}");
    }
}

#[test]
fn another_choice_changes_the_table_alone() {
    let chosen = there_and_back(&bare());
    let mut other = table(Language::R, Whom::Everybody);
    other.choices[0].whom = Whom::Group(3000);
    let plan = planned(Some(&other), &chosen);
    assert_eq!(plan.steps.len(), 1);
    assert!(matches!(plan.steps[0].action, Action::WriteDropIn { .. }));
    let python = table(Language::Python, Whom::Everybody);
    let plan = planned(Some(&python), &chosen);
    let now = after(&plan, &chosen);
    let there: Vec<&String> = now.entries.keys().collect();
    assert_eq!(
        there,
        ["/usr/local/bin/python3"],
        "those of R go when nothing of it is chosen"
    );
}

#[test]
fn who_took_our_place_is_what_is_there_before() {
    let mut taken = there_and_back(&bare());
    // As rig does it: delete, then link.
    taken
        .entries
        .insert("/usr/local/bin/R".to_owned(), link("/opt/R/4.1.0/bin/R"));
    taken.entries.insert(
        "/usr/local/bin/.R.before-benchwarden".to_owned(),
        link("/opt/R/older/bin/R"),
    );
    let table = table(Language::R, Whom::Everybody);
    let now = after(&planned(Some(&table), &taken), &taken);
    assert!(Present::is_ours(&now.entries["/usr/local/bin/R"]));
    let beside = &now.entries["/usr/local/bin/.R.before-benchwarden"];
    assert_eq!(*beside, link("/opt/R/4.1.0/bin/R"));
}

#[test]
fn what_cannot_be_done_is_refused_and_what_is_not_reached_is_said() {
    let table = table(Language::R, Whom::Everybody);
    let mut present = bare();
    present.program = None;
    let plan = planned(Some(&table), &present);
    assert!(plan.refused[0].contains("install it there first"));
    let mut present = bare();
    let dir = Entry {
        fact: "x".to_owned(),
        target: None,
        is_dir: true,
    };
    present.entries.insert("/usr/local/bin/R".to_owned(), dir);
    assert_eq!(
        planned(Some(&table), &present).refused,
        ["/usr/local/bin/R is a directory"]
    );
    let mut present = bare();
    present.rstudio = Some(Held {
        is_roots: false,
        ..held("")
    });
    let plan = planned(Some(&table), &present);
    assert!(plan.warnings[0].contains("keeps the R it has"));
    assert!(
        planned(None, &bare()).steps.is_empty(),
        "nothing of ours, nothing to take back"
    );
}
