//! What a lower limit would do to what runs now, for whoever approves it.

use crate::base::text::printable;
use crate::base::units::Bytes;
use crate::plan::Plan;
use crate::policy::schema::Key;

use super::directive::Directive;
use super::present::{UnitState, Usage, Values};
use super::wishes::EVERYBODY;

/// Adds what would happen to a unit that runs.
pub(super) fn warn(plan: &mut Plan, state: &UnitState, new: &Values) {
    let (Some(kernel), Some(usage)) = (&state.kernel, &state.usage) else {
        return;
    };
    let lower = |key: Key| {
        let wanted = number(new.get(&Directive::Of(key))?)?;
        let now = kernel.get(&Directive::Of(key)).and_then(|now| number(now));
        now.is_none_or(|now| wanted < now).then_some(wanted)
    };
    let whose = match state.unit.as_str() {
        EVERYBODY => format!("everybody together ({EVERYBODY})"),
        unit => unit.to_owned(),
    };
    if let Some(max) = lower(Key::MemoryMax) {
        plan.warnings.extend(memory_max(&whose, usage, Bytes(max)));
    }
    if let Some(high) = lower(Key::MemoryHigh)
        && usage.charged.0 > high
    {
        plan.warn(format!(
            "{whose} uses {} now, more than memory_high {}: what can be reclaimed is, and its \
             programs are slowed down until they use less",
            usage.charged,
            Bytes(high)
        ));
    }
    if let (Some(quota), Some(used)) = (lower(Key::CpuQuota), usage.cpu)
        && u64::from(used) * 100 > quota
    {
        plan.warn(format!(
            "{whose} uses {} of a processor now, more than cpu_quota {}: its programs get that \
             much and wait for the rest",
            percent(used),
            Directive::Of(Key::CpuQuota).told(&quota.to_string()),
        ));
    }
    if let Some(tasks) = lower(Key::TasksMax)
        && usage.tasks > tasks
    {
        plan.warn(format!(
            "{whose} has {} processes and threads now, more than tasks_max {tasks}: they stay, \
             and no new one can be started until there are fewer",
            usage.tasks
        ));
    }
}

fn memory_max(whose: &str, usage: &Usage, max: Bytes) -> Option<String> {
    let Usage { charged, held, .. } = usage;
    if *charged <= max {
        return None;
    }
    let over = charged.saturating_sub(max);
    if *held <= max {
        return Some(format!(
            "{whose} uses {charged} now, {over} more than memory_max {max}: that much of its \
             cache is dropped"
        ));
    }
    let victim = match &usage.largest {
        Some((pid, name, size)) => format!(
            "; the kernel would end the largest: {} (pid {pid}, {size})",
            printable(name.as_bytes(), 40)
        ),
        None => String::new(),
    };
    Some(format!(
        "{whose} holds {held} that cannot be reclaimed, more than memory_max {max}: what does not \
         fit into swap is killed{victim}"
    ))
}

/// Whole percents: it is a moment's figure.
fn percent(hundredths: u32) -> String {
    format!("{}%", hundredths / 100)
}

fn number(value: &str) -> Option<u64> {
    value.parse().ok()
}
