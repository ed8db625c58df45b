//! Taking a plan back: a plan of its own, made of the inverses of the steps that happened.

use super::Plan;
use super::fact::Change;
use super::step::{Step, Undo};

/// The plan that takes back these steps of a plan, the last one first.
///
/// Steps that cannot be taken back are named in its warnings; steps that left nothing behind need
/// nothing.
#[must_use]
pub fn plan(id: &str, original: &Plan, happened: &[usize]) -> Plan {
    let mut undo = Plan::new(format!("undo {id}: {}", original.intent), &original.about);
    undo.settles = Some(id.to_owned());
    for step in happened
        .iter()
        .rev()
        .filter_map(|at| original.steps.get(*at))
    {
        match &step.undo {
            Undo::Exact { .. } => undo.steps.extend(inverse(step)),
            Undo::Partly { why, .. } => {
                undo.steps.extend(inverse(step));
                undo.warn(format!("only partly: {}: {why}", step.what));
            }
            Undo::None { why } => undo.warn(format!("stays: {}: {why}", step.what)),
            Undo::Final { why } => {
                undo.warn(format!(
                    "stays, with everything before it: {}: {why}",
                    step.what
                ));
                break;
            }
            // It comes after everything else, below.
            Undo::Last { .. } | Undo::Nothing => {}
        }
    }
    if !undo.steps.is_empty() {
        undo.steps.extend(last(original));
    }
    if undo.steps.is_empty() {
        let stays = undo.warnings.join("; ");
        let reason = "there is nothing of it that can be taken back";
        return if stays.is_empty() {
            undo.refuse(reason)
        } else {
            undo.refuse(format!("{reason}: {stays}"))
        };
    }
    undo
}

/// What has to be done when steps of a plan have been taken back, whether it was done itself or
/// not.
pub fn last(plan: &Plan) -> impl Iterator<Item = Step> {
    let is_last = |step: &&Step| matches!(step.undo, Undo::Last { .. });
    let steps = plan.steps.iter().rev().filter(is_last);
    steps.filter_map(inverse)
}

/// The step that takes one step back. It is itself taken back by doing the step again.
#[must_use]
pub fn inverse(step: &Step) -> Option<Step> {
    let (what, action) = match &step.undo {
        Undo::Exact { what, action }
        | Undo::Partly { what, action, .. }
        | Undo::Last { what, action } => (what, action),
        Undo::None { .. } | Undo::Final { .. } | Undo::Nothing => return None,
    };
    let (again, back) = (step.what.clone(), step.action.clone());
    Some(Step {
        what: what.clone(),
        action: action.clone(),
        changes: step.changes.iter().map(Change::reversed).collect(),
        undo: match step.undo {
            Undo::Last { .. } => Undo::Last {
                what: again,
                action: back,
            },
            _ => Undo::Exact {
                what: again,
                action: back,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fact::{Expect, Subject};
    use super::super::step::Action;
    use super::*;

    fn step(n: u32, undo: Undo) -> Step {
        Step {
            what: format!("do {n}"),
            action: Action::run(&["/bin/true", &n.to_string()]),
            changes: vec![Change::creates(Subject::Group(n.to_string()), "gid 7")],
            undo,
        }
    }

    fn exact(n: u32) -> Undo {
        Undo::Exact {
            what: format!("undo {n}"),
            action: Action::run(&["/bin/false", &n.to_string()]),
        }
    }

    #[test]
    fn the_last_step_is_taken_back_first_and_finds_what_was_left() {
        let mut plan_ = Plan::new("test", "x");
        plan_.push(step(1, exact(1)));
        plan_.push(step(2, Undo::Nothing));
        plan_.push(step(3, exact(3)));
        plan_.push(step(4, exact(4)));
        let undo = plan("P", &plan_, &[0, 1, 2]);
        let words: Vec<&str> = undo.steps.iter().map(|s| s.what.as_str()).collect();
        assert_eq!(words, ["undo 3", "undo 1"]);
        assert_eq!(undo.steps[0].changes[0].before, Expect::Is("gid 7".into()));
        assert_eq!(undo.steps[0].changes[0].after, Expect::Absent);
        assert_eq!(undo.settles.as_deref(), Some("P"));
    }

    #[test]
    fn what_stays_is_said_and_a_plan_of_nothing_is_refused() {
        let mut plan_ = Plan::new("test", "x");
        plan_.push(step(
            1,
            Undo::None {
                why: "it is deleted".into(),
            },
        ));
        let undo = plan("P", &plan_, &[0]);
        assert_eq!(undo.warnings, ["stays: do 1: it is deleted"]);
        assert!(!undo.refused.is_empty());
    }

    #[test]
    fn nothing_before_the_point_of_no_return_is_taken_back() {
        let mut plan_ = Plan::new("test", "x");
        plan_.push(step(1, exact(1)));
        let why = "the home is in the archive".into();
        plan_.push(step(2, Undo::Final { why }));
        plan_.push(step(3, exact(3)));
        let undo = plan("P", &plan_, &[0, 1, 2]);
        let words: Vec<&str> = undo.steps.iter().map(|s| s.what.as_str()).collect();
        assert_eq!(words, ["undo 3"]);
        assert_eq!(
            undo.warnings,
            ["stays, with everything before it: do 2: the home is in the archive"]
        );
        assert!(plan("P", &plan_, &[0, 1]).refused[0].contains("is in the archive"));
    }

    #[test]
    fn what_comes_last_comes_last_on_the_way_back_too() {
        let mut plan_ = Plan::new("test", "x");
        plan_.push(step(1, exact(1)));
        plan_.push(step(2, exact(2)));
        let again = Undo::Last {
            what: "read again".into(),
            action: Action::ReloadUnits { within: Vec::new() },
        };
        plan_.push(Step {
            action: Action::ReloadUnits { within: Vec::new() },
            ..step(3, again)
        });
        // Interrupted before it: what is put back has to be read all the same.
        for happened in [&[0, 1][..], &[0, 1, 2]] {
            let undo = plan("P", &plan_, happened);
            let words: Vec<&str> = undo.steps.iter().map(|s| s.what.as_str()).collect();
            assert_eq!(words, ["undo 2", "undo 1", "read again"]);
            let redo = plan("Q", &undo, &[0, 1, 2]);
            assert_eq!(redo.steps, plan_.steps);
        }
        assert!(
            plan("P", &plan_, &[2]).steps.is_empty(),
            "nothing is put back"
        );
    }

    #[test]
    fn undoing_an_undo_does_it_again() {
        let first = step(1, exact(1));
        let again = inverse(&inverse(&first).unwrap()).unwrap();
        assert_eq!(again, first);
    }
}
