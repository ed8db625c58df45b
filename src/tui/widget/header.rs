//! The host's own lines, at the top of every screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::counted;
use crate::base::units::{Bytes, short_age};
use crate::model::sample::CgroupVersion;
use crate::model::snapshot::{HostPressure, HostUsage};
use crate::tui::app::View;
use crate::tui::theme::Theme;

use super::line;

/// Rows it takes.
pub(in crate::tui) const ROWS: u16 = 5;
/// Columns of the words before the bars.
const LABEL: usize = 9;
/// Those words, from the second row on.
const LABELS: [&str; 4] = ["CPU", "Memory", "Pressure", "Disks"];

/// Draws the host's name, processors, memory, pressure and what is around them.
pub(in crate::tui) fn render(view: &View<'_>, area: Rect, cells: &mut Buffer) {
    title(view, area, cells);
    processors(view, area, cells);
    memory(view, area, cells);
    pressure(view.theme, view.snapshot.host.pressure, area, cells);
    around(view.theme, &view.snapshot.host, area, cells);
}

/// The same lines before anything has been measured.
pub(in crate::tui) fn empty(theme: Theme, area: Rect, cells: &mut Buffer) {
    line::put(cells, area, 0, &[("benchwarden", theme.strong())]);
    for (row, label) in (1..).zip(LABELS) {
        let label = theme.cell(label, LABEL);
        let pieces = [(label.as_str(), theme.strong()), ("measuring", theme.dim())];
        line::put(cells, area, row, &pieces);
    }
}

fn title(view: &View<'_>, area: Rect, cells: &mut Buffer) {
    let (theme, host) = (view.theme, &view.snapshot.host);
    let up = host
        .uptime_s
        .map_or_else(String::new, |s| format!("  up {}", short_age(s)));
    let name = theme.cell(&host.name, host.name.chars().count().min(40));
    let processes = format!("{up}  {}", counted(host.processes, "process", "processes"));
    let mut pieces = vec![
        (name.as_str(), theme.strong()),
        (processes.as_str(), theme.dim()),
    ];
    let note = cgroup_note(host);
    if let Some(note) = &note {
        pieces.push(("  ", theme.text()));
        pieces.push((note, theme.warn()));
    }
    if host.partial {
        pieces.push(("  not root: in part", theme.warn()));
    }
    let taken = line::put(cells, area, 0, &pieces);
    let at = view.snapshot.taken_at;
    let (corner, style) = if view.paused {
        let at = at.strftime("%H:%M:%S UTC");
        (format!("PAUSED at {at}"), theme.warn())
    } else if let Some(late) = view.late_s {
        (format!("NO FIGURES for {}", short_age(late)), theme.alarm())
    } else {
        // No seconds: where nothing changes nothing is sent.
        let every = view.interval.as_secs_f64();
        let at = at.strftime("%H:%M UTC");
        (format!("every {every}s  {at}"), theme.dim())
    };
    line::put_right(cells, area, 0, (&corner, style), taken);
}

/// How many of the fullest disks are named.
const DISKS: usize = 3;

/// Disks, the fullest first, GPUs and the network.
#[expect(clippy::cast_precision_loss, reason = "shares and rates")]
fn around(theme: Theme, host: &HostUsage, area: Rect, cells: &mut Buffer) {
    let label = theme.cell(LABELS[3], LABEL);
    let mut pieces = vec![(label, theme.strong())];
    for disk in host.disks.iter().take(DISKS) {
        let used = disk.total_bytes.saturating_sub(disk.available_bytes);
        let share = used.0 as f64 / disk.total_bytes.0.max(1) as f64;
        let mount = theme.cell(&disk.mount, disk.mount.chars().count().min(20));
        pieces.push((format!("{mount} "), theme.text()));
        pieces.push((format!("{:.0}%", share * 100.0), theme.share(share)));
        let of = format!(" of {}  ", disk.total_bytes.short());
        pieces.push((of, theme.dim()));
    }
    for mount in &host.disks_silent {
        let mount = theme.cell(mount, mount.chars().count().min(20));
        pieces.push((format!("{mount} does not answer  "), theme.alarm()));
    }
    if host.disks.is_empty() && host.disks_silent.is_empty() {
        pieces.push(("not known  ".to_owned(), theme.dim()));
    }
    if !host.gpus.is_empty() {
        let busy = host.gpus.iter().filter_map(|gpu| gpu.busy_percent);
        let busy = f64::from(busy.sum::<u32>()) / 100.0;
        let (used, total) = host.gpus.iter().fold((0u64, 0u64), |(used, total), gpu| {
            (
                used + gpu.memory_used_bytes.0,
                total + gpu.memory_total_bytes.0,
            )
        });
        pieces.push(("GPU ".to_owned(), theme.strong()));
        let of = format!("{busy:.1} of {}  ", host.gpus.len());
        pieces.push((of, theme.text()));
        let share = used as f64 / total.max(1) as f64;
        pieces.push((format!("{:.0}%", share * 100.0), theme.share(share)));
        let of = format!(" of {}  ", Bytes(total).short());
        pieces.push((of, theme.dim()));
    }
    let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    let taken = line::put(cells, area, 4, &pieces);
    let rates = host.network_received_bytes_per_s;
    if let Some((received, sent)) = rates.zip(host.network_sent_bytes_per_s) {
        // Tenths of a megabyte: less is mostly this very screen on its way to whoever looks.
        let rate = |bytes: u64| bytes as f64 / 1e6;
        let text = format!("net in {:.1} out {:.1} MB/s", rate(received), rate(sent));
        line::put_right(cells, area, 4, (&text, theme.dim()), taken);
    }
}

/// What the admin must know about the figures of a host without cgroup v2.
fn cgroup_note(host: &HostUsage) -> Option<String> {
    match host.cgroup {
        CgroupVersion::V2 => None,
        CgroupVersion::None => Some("no cgroups: no limits".to_owned()),
        other => Some(format!("cgroup {}: no limits", other.as_str())),
    }
}

fn processors(view: &View<'_>, area: Rect, cells: &mut Buffer) {
    let (theme, host) = (view.theme, &view.snapshot.host);
    let label = theme.cell(LABELS[0], LABEL);
    let Some(busy) = host.cpu_busy_cores else {
        line::put(
            cells,
            area,
            1,
            &[(&label, theme.strong()), ("not known", theme.dim())],
        );
        return;
    };
    let share = busy.0 / f64::from(host.cpus.max(1));
    let (full, rest) = theme.bar_parts(share, bar_width(area));
    let system = host
        .cpu_system_cores
        .map_or_else(String::new, |system| format!(", system {}", system.short()));
    let figures = format!("  {} of {} cores{system}", busy.short(), host.cpus);
    let load = host.load.map_or_else(String::new, |[one, five, fifteen]| {
        format!("  load {one:.1} {five:.1} {fifteen:.1}")
    });
    let pieces = [
        (label.as_str(), theme.strong()),
        (full.as_str(), theme.share(share)),
        (rest.as_str(), theme.dim()),
        (figures.as_str(), theme.text()),
        (load.as_str(), theme.dim()),
    ];
    line::put(cells, area, 1, &pieces);
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn memory(view: &View<'_>, area: Rect, cells: &mut Buffer) {
    let (theme, host) = (view.theme, &view.snapshot.host);
    let label = theme.cell(LABELS[1], LABEL);
    let (Some(total), Some(available)) = (host.memory_total_bytes, host.memory_available_bytes)
    else {
        line::put(
            cells,
            area,
            2,
            &[(&label, theme.strong()), ("not known", theme.dim())],
        );
        return;
    };
    let used = total.saturating_sub(available);
    let share = used.0 as f64 / total.0.max(1) as f64;
    let (full, rest) = theme.bar_parts(share, bar_width(area));
    let figures = format!("  {used} of {total}");
    let swap = match (host.swap_used_bytes, host.swap_total_bytes) {
        (Some(_), Some(Bytes(0))) => "  no swap".to_owned(),
        (Some(used), Some(total)) => format!("  swap {used} of {total}"),
        _ => String::new(),
    };
    let pieces = [
        (label.as_str(), theme.strong()),
        (full.as_str(), theme.share(share)),
        (rest.as_str(), theme.dim()),
        (figures.as_str(), theme.text()),
        (swap.as_str(), theme.dim()),
    ];
    line::put(cells, area, 2, &pieces);
}

fn bar_width(area: Rect) -> usize {
    usize::from(area.width / 5).clamp(10, 40)
}

/// How much a host suffers, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strain {
    Calm,
    Busy,
    Strained,
    Suffering,
}

/// Shares of the last ten seconds, in percent, from which a word applies. Waiting for memory or
/// a disk stops work; waiting for a processor only slows it, so it has to be more of it.
fn strain(pressure: HostPressure) -> Strain {
    let at = |value: Option<f64>, steps: [f64; 3]| match value.unwrap_or(0.0) {
        v if v >= steps[2] => Strain::Suffering,
        v if v >= steps[1] => Strain::Strained,
        v if v >= steps[0] => Strain::Busy,
        _ => Strain::Calm,
    };
    at(pressure.cpu_some_avg10, [10.0, 50.0, 90.0])
        .max(at(pressure.memory_some_avg10, [2.0, 10.0, 30.0]))
        .max(at(pressure.io_some_avg10, [10.0, 30.0, 60.0]))
}

fn pressure(theme: Theme, pressure: HostPressure, area: Rect, cells: &mut Buffer) {
    let label = theme.cell(LABELS[2], LABEL);
    let kinds = [
        ("cpu", pressure.cpu_some_avg10),
        ("memory", pressure.memory_some_avg10),
        ("io", pressure.io_some_avg10),
    ];
    if kinds.iter().all(|(_, value)| value.is_none()) {
        let why = "not measured here (boot with psi=1)";
        line::put(
            cells,
            area,
            3,
            &[(&label, theme.strong()), (why, theme.dim())],
        );
        return;
    }
    let (word, style) = match strain(pressure) {
        Strain::Calm => ("calm", theme.bar()),
        Strain::Busy => ("busy", theme.text()),
        Strain::Strained => ("strained", theme.warn()),
        Strain::Suffering => ("suffering", theme.alarm()),
    };
    let word = theme.cell(word, 11);
    let figures: Vec<String> = kinds
        .iter()
        .map(|(kind, value)| match value {
            Some(percent) => format!("{kind} {percent:>3.0}%"),
            None => format!("{kind}   -"),
        })
        .collect();
    let told = format!("{}  waiting in the last 10 s", figures.join("  "));
    let pieces = [
        (label.as_str(), theme.strong()),
        (word.as_str(), style),
        (told.as_str(), theme.dim()),
    ];
    line::put(cells, area, 3, &pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_pressure_is_that_of_the_worst() {
        let of = |cpu, memory, io| {
            strain(HostPressure {
                cpu_some_avg10: cpu,
                memory_some_avg10: memory,
                io_some_avg10: io,
                ..HostPressure::default()
            })
        };
        assert_eq!(of(Some(3.0), Some(0.0), Some(1.0)), Strain::Calm);
        assert_eq!(of(Some(30.0), Some(0.0), None), Strain::Busy);
        assert_eq!(of(Some(30.0), Some(12.0), None), Strain::Strained);
        assert_eq!(of(None, Some(31.0), Some(1.0)), Strain::Suffering);
    }
}
