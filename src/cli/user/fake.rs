//! A host for tests of `user add`: it only writes down what it is asked.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::base::id::{Uid, UserName};
use crate::base::secret::Secret;
use crate::engine::apply::{Moment, Report, Watch};
use crate::engine::changes::{Applied, Approval, ChangeError, Intent};
use crate::engine::limits::Limits;
use crate::engine::policies::Policies;
use crate::engine::receipts::{Plans, PlansError};
use crate::engine::sudo::Sudo;
use crate::engine::{Engine, Follow, Pace, Sink};
use crate::host::keys::KeysError;
use crate::host::root::ReadError;
use crate::model::findings::Findings;
use crate::model::people::People;
use crate::model::people::details::{GroupDetails, HeldKey, NotFound, PersonDetails};
use crate::model::runtimes::Runtimes;
use crate::plan::Plan;
use crate::plan::limits::drift::Drift;
use crate::plan::people::add::{self, AddUser};
use crate::plan::people::many::{self, Planned};
use crate::plan::people::welcome::Welcome;
use crate::plan::runtimes::ways::Ways;
use crate::plan::world::World;
use crate::policy::findings::Absent;
use crate::store::audit::{Problem, Record};
use crate::store::receipt::Outcome;

/// A host on which whoever is called `fails` fails, and whoever is called `taken` was made by
/// somebody else since the plans were shown.
#[derive(Default)]
pub(super) struct Host {
    pub(super) applied: Mutex<Vec<(String, Approval, Option<String>)>>,
}

impl Engine for Host {
    fn plan_people(&self, wishes: &[AddUser]) -> Result<Vec<Planned>, ChangeError> {
        Ok(many::plan(wishes, World::default()))
    }

    fn apply(
        &self,
        intent: &Intent,
        approval: &Approval,
        secret: Option<&Secret>,
        watch: &mut Watch<'_>,
    ) -> Result<Applied, ChangeError> {
        let Intent::AddUser(wish) = intent else {
            unreachable!("`user add` makes accounts");
        };
        let name = wish.name.as_str();
        let secret = secret.map(|secret| secret.reveal().to_owned());
        let order = (name.to_owned(), approval.clone(), secret);
        self.applied.lock().unwrap().push(order);
        let _ = watch(Moment::Begins(0));
        let (outcome, failure) = match name {
            "taken" => return Err(ChangeError::Changed),
            "fails" => (Outcome::RolledBack, Some("the disk is full".to_owned())),
            _ => (Outcome::Done, None),
        };
        Ok(Applied {
            id: format!("id-of-{name}"),
            plan: Plan::new(format!("add user {name}"), name),
            report: Report {
                outcome,
                failure,
                remains: Vec::new(),
                stopped: false,
            },
        })
    }

    fn welcome(&self, wish: &AddUser, _: &Plan) -> Welcome {
        Welcome {
            text: format!("Welcome, {}!\n", wish.name),
            remarks: Vec::new(),
        }
    }

    fn findings(&self) -> Findings {
        unreachable!("`user add` never asks")
    }

    fn uid_of(&self, _: &UserName) -> Option<Uid> {
        unreachable!("`user add` never asks")
    }

    fn people(&self) -> People {
        unreachable!("`user add` never asks")
    }

    fn person(&self, _: &UserName) -> Result<PersonDetails, NotFound> {
        unreachable!("`user add` never asks")
    }

    fn shells(&self) -> Vec<String> {
        unreachable!("`user add` never asks")
    }

    fn group(&self, _: &UserName) -> Result<GroupDetails, NotFound> {
        unreachable!("`user add` never asks")
    }

    fn sudo(&self) -> Sudo {
        unreachable!("`user add` never asks")
    }

    fn keys(&self, _: &UserName) -> Result<Vec<HeldKey>, KeysError> {
        unreachable!("`user add` never asks")
    }

    fn plan(&self, intent: &Intent) -> Result<Plan, ChangeError> {
        let Intent::AddUser(wish) = intent else {
            unreachable!("`user add` makes accounts");
        };
        Ok(add::plan(wish, &World::default()))
    }

    fn policy(&self) -> Policies {
        unreachable!("`user add` never asks")
    }

    fn absent(&self, _: &BTreeSet<String>, _: &BTreeSet<String>) -> Absent {
        unreachable!("`user add` never asks")
    }

    fn limits(&self, _: Option<&UserName>) -> Result<Limits, ChangeError> {
        unreachable!("`user add` never asks")
    }

    fn drift(&self) -> Result<Vec<Drift>, ChangeError> {
        unreachable!("`user add` never asks")
    }

    fn runtimes(&self) -> Runtimes {
        unreachable!("`user add` never asks")
    }

    fn runtime_ways(&self, _: &UserName) -> Result<Ways, NotFound> {
        unreachable!("`user add` never asks")
    }

    fn plans(&self) -> Result<Plans, PlansError> {
        unreachable!("`user add` never asks")
    }

    fn audit_log(&self) -> Result<Vec<Record>, ReadError> {
        unreachable!("`user add` never asks")
    }

    fn audit_verify(&self) -> Result<(u64, Vec<Problem>), ReadError> {
        unreachable!("`user add` never asks")
    }

    fn follow(&self, _: Pace, _: Sink) -> Box<dyn Follow> {
        unreachable!("`user add` never asks")
    }
}
