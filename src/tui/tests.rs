//! Every screen as text, at the sizes people have, with a fixed clock and fixed figures.

mod people;
mod triage;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use crate::base::id::{Pid, Uid};
use crate::base::units::{Bytes, Cores};
use crate::model::origin::Origin;
use crate::model::sample::{CgroupVersion, Closeup, IoBytes, MemorySplit, Session};
use crate::model::snapshot::{
    DiskUsage, GpuUsage, HostPressure, HostUsage, Outside, ProcessUsage, Snapshot, State, UserGpu,
    UserLimits, UserPressure, UserUsage,
};

use super::app::{App, Event};
use super::keys;
use super::theme::Theme;

const GIB: u64 = 1 << 30;

fn user(name: &str, uid: u32, cpu: f64, memory: u64) -> UserUsage {
    UserUsage {
        user: name.into(),
        uid: Uid(uid),
        person: uid >= 1000,
        cpu_cores: Some(Cores(cpu)),
        memory_bytes: Some(Bytes(memory)),
        memory_cache_bytes: Some(Bytes(memory / 3)),
        swap_bytes: Some(Bytes(0)),
        processes: 4,
        tasks: Some(12),
        io_read_bytes_per_s: Some(0),
        io_write_bytes_per_s: Some(123_456),
        cpu_throttled_ratio: Some(0.0),
        pressure: UserPressure::default(),
        oom_kills: Some(0),
        outside: Outside::default(),
        limits: UserLimits::default(),
        state: Vec::new(),
        sessions: 1,
        idle_s: Some(125),
        gpu: None,
    }
}

fn process(pid: u32, parent: u32, uid: u32, cpu: f64, command: &str) -> ProcessUsage {
    let cgroup = match uid {
        1001 if cpu < 2.0 && parent == 1 => "/system.slice/cron.service",
        1001 => "/user.slice/user-1001.slice/session-1.scope",
        _ => "/system.slice/ssh.service",
    };
    ProcessUsage {
        pid: Pid(pid),
        parent: Pid(parent),
        uid: Uid(uid),
        cpu_cores: Some(Cores(cpu)),
        memory: Some(Bytes(300 << 20)),
        threads: 3,
        state: 'R',
        age_s: Some(5000),
        cgroup: Some(cgroup.into()),
        origin: Origin::of(cgroup, Uid(uid)),
        name: command.split(' ').next().unwrap().into(),
        command: command.into(),
        silent: false,
    }
}

fn workbench() -> Snapshot {
    let mut alice = user("alice", 1001, 12.4, 41 * GIB);
    alice.limits.cpu_quota_cores = Some(16.0);
    alice.limits.memory_max_bytes = Some(Bytes(45 * GIB));
    alice.state = vec![State::NearLimit, State::Outside];
    alice.outside = Outside {
        processes: 1,
        cpu_cores: Some(Cores(1.0)),
        memory_bytes: Some(Bytes(300 << 20)),
        cgroups: vec!["/system.slice/cron.service".into()],
    };
    let mut bob = user("a-name-of-thirty-two-bytes-long", 1002, 0.02, 300 << 20);
    (bob.memory_cache_bytes, bob.io_read_bytes_per_s) = (None, None);
    bob.state = vec![State::Oom];
    Snapshot {
        taken_at: "2026-11-21T03:12:09Z".parse().unwrap(),
        interval_s: 1.0,
        host: HostUsage {
            name: "workbench".into(),
            cpus: 32,
            cpu_busy_cores: Some(Cores(13.02)),
            cpu_system_cores: Some(Cores(0.6)),
            memory_total_bytes: Some(Bytes(256 * GIB)),
            memory_available_bytes: Some(Bytes(196 * GIB)),
            swap_total_bytes: Some(Bytes(8 * GIB)),
            swap_used_bytes: Some(Bytes(GIB)),
            load: Some([21.1, 20.5, 18.25]),
            pressure: HostPressure {
                cpu_some_avg10: Some(12.0),
                memory_some_avg10: Some(0.0),
                memory_full_avg10: Some(0.0),
                io_some_avg10: Some(3.1),
                io_full_avg10: Some(1.0),
            },
            cgroup: CgroupVersion::V2,
            processes: 1234,
            uptime_s: Some(1_036_800),
            partial: false,
            disks: vec![
                DiskUsage {
                    mount: "/home".into(),
                    total_bytes: Bytes(2048 * GIB),
                    available_bytes: Bytes(143 * GIB),
                },
                DiskUsage {
                    mount: "/".into(),
                    total_bytes: Bytes(98 * GIB),
                    available_bytes: Bytes(60 * GIB),
                },
            ],
            disks_silent: Vec::new(),
            network_received_bytes_per_s: Some(1_250_000),
            network_sent_bytes_per_s: Some(40_000),
            gpus: Vec::new(),
        },
        users: vec![
            alice,
            bob,
            user("carol", 1003, 0.0, 12 << 20),
            user("root", 0, 0.6, 900 << 20),
        ],
        processes: vec![
            process(4700, 1, 1001, 10.0, "-bash"),
            process(4711, 4700, 1001, 11.4, "R --no-save --file=fit.R"),
            process(4712, 1, 1001, 1.0, "/bin/sh -c nightly \\x1b[2J"),
            process(99, 1, 0, 0.6, "sshd"),
        ],
        sessions: Arc::new(vec![Session {
            id: "1".into(),
            uid: Uid(1001),
            service: "sshd".into(),
            remote: Some("10.0.0.7".into()),
            tty: Some("pts/3".into()),
            idle_s: Some(125),
            since: Some(1_790_000_000),
        }]),
        processes_left_out: 0,
        closeup: None,
    }
}

fn app(color: bool, ascii: bool, size: (u16, u16), snapshot: Snapshot) -> App {
    let mut app = App::new(Theme::new(color, ascii), size);
    app.update(Event::Snapshot(Arc::new(snapshot)));
    app
}

fn press(app: &mut App, codes: &[KeyCode]) -> bool {
    let mut quit = false;
    for code in codes {
        let key = KeyEvent::new(*code, KeyModifiers::NONE);
        quit |= app.update(Event::Terminal(event::Event::Key(key))).quit;
    }
    quit
}

fn picture(app: &App, (columns, rows): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut cells = Buffer::empty(area);
    app.render(area, &mut cells);
    cells
}

fn text(app: &App, size: (u16, u16)) -> String {
    let cells = picture(app, size);
    let rows = cells.content().chunks(usize::from(size.0));
    rows.map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned() + "\n"
    })
    .collect()
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

#[test]
fn overview_at_80x24() {
    insta::assert_snapshot!(text(&app(true, false, SMALL, workbench()), SMALL));
}

#[test]
fn overview_at_120x40() {
    insta::assert_snapshot!(text(&app(true, false, LARGE, workbench()), LARGE));
}

#[test]
fn overview_in_ascii_without_colour() {
    let app = app(false, true, SMALL, workbench());
    let text = text(&app, SMALL);
    assert!(text.is_ascii());
    for cell in picture(&app, SMALL).content() {
        assert_eq!(cell.fg, ratatui::style::Color::Reset);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn overview_with_everyone() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Char('a'), KeyCode::Char('s')]);
    insta::assert_snapshot!(text(&app, SMALL));
}

#[test]
fn person_at_80x24() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Enter]);
    insta::assert_snapshot!(text(&app, SMALL));
}

#[test]
fn person_at_120x40() {
    let mut app = app(true, false, LARGE, workbench());
    press(&mut app, &[KeyCode::Enter]);
    insta::assert_snapshot!(text(&app, LARGE));
}

/// What is told of process 4711.
fn closeup() -> Closeup {
    let mebibytes = |n: u64| Some(Bytes(n << 20));
    Closeup {
        pid: Pid(4711),
        arguments: vec!["R".into(), "--no-save".into(), "--file=my fit.R".into()],
        program: Some("/opt/R/4.5.0/lib/R/bin/exec/R".into()),
        cwd: Some("/home/alice/project".into()),
        files: Some(17),
        memory: MemorySplit {
            anonymous: mebibytes(290),
            file: mebibytes(25),
            shared: mebibytes(10),
            swap: mebibytes(0),
            peak: mebibytes(420),
        },
        limits: vec![("open files".into(), "1024 files".into())],
        nice: 5,
        oom_score_adj: Some(0),
        io: Some(IoBytes {
            read: Bytes(5 << 30),
            written: Bytes(7 << 20),
        }),
        ancestors: vec![
            (Pid(4700), Uid(1001), "bash".into()),
            (Pid(99), Uid(0), "sshd".into()),
            (Pid(1), Uid(0), "systemd".into()),
        ],
        children: vec![(Pid(4800), "sh".into())],
        since: Some(1_790_000_000),
        ..Closeup::default()
    }
}

#[test]
fn process_at_80x24() {
    let mut snapshot = workbench();
    snapshot.closeup = Some(Arc::new(closeup()));
    let mut app = app(true, false, SMALL, snapshot);
    press(&mut app, &[KeyCode::Enter, KeyCode::Down, KeyCode::Down]);
    press(&mut app, &[KeyCode::Enter]);
    assert_eq!(app.focus().unwrap().pid, Some(Pid(4711)));
    insta::assert_snapshot!(text(&app, SMALL));
}

#[test]
fn process_at_120x40() {
    let mut snapshot = workbench();
    snapshot.closeup = Some(Arc::new(closeup()));
    let mut app = app(true, false, LARGE, snapshot);
    press(&mut app, &[KeyCode::Enter, KeyCode::Down, KeyCode::Down]);
    press(&mut app, &[KeyCode::Enter]);
    insta::assert_snapshot!(text(&app, LARGE));
}

#[test]
fn a_process_that_keeps_its_command_line_back_is_told_as_such() {
    let mut snapshot = workbench();
    snapshot.processes[1].silent = true;
    snapshot.closeup = Some(Arc::new(closeup()));
    let mut app = app(true, false, SMALL, snapshot);
    press(&mut app, &[KeyCode::Enter]);
    assert!(text(&app, SMALL).contains("R (keeps its command line back)"));
    press(&mut app, &[KeyCode::Down, KeyCode::Down, KeyCode::Enter]);
    assert!(text(&app, SMALL).contains("it does not let anybody read it"));
}

#[test]
fn a_process_that_ends_says_so() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Enter, KeyCode::Down, KeyCode::Enter]);
    assert!(text(&app, SMALL).contains("the rest is being read"));
    let mut later = workbench();
    later.processes.clear();
    app.update(Event::Snapshot(Arc::new(later)));
    assert!(text(&app, SMALL).contains("process 4700 has ended"));
    press(&mut app, &[KeyCode::Esc]);
    assert!(text(&app, SMALL).contains("no process to be seen"));
}

#[test]
fn a_filter_is_typed_over_the_list_and_escape_takes_it_away() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Char('/')]);
    for c in "ALIq".chars() {
        assert!(!press(&mut app, &[KeyCode::Char(c)]));
    }
    let none = text(&app, SMALL);
    assert!(none.contains("filter ALIq_") && none.contains("nobody's name has this text"));
    press(&mut app, &[KeyCode::Backspace, KeyCode::Enter]);
    let one = text(&app, SMALL);
    assert!(one.contains("> alice") && !one.contains("carol"), "{one}");
    press(&mut app, &[KeyCode::Esc]);
    assert!(text(&app, SMALL).contains("carol"));
}

#[test]
fn paused_figures_stay_and_a_person_can_still_be_opened() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Char(' ')]);
    let mut later = workbench();
    later.users[0].user = "later".into();
    app.update(Event::Snapshot(Arc::new(later.clone())));
    let paused = text(&app, SMALL);
    assert!(paused.contains("PAUSED at 03:12:09 UTC"), "{paused}");
    assert!(!paused.contains("later"), "{paused}");
    press(&mut app, &[KeyCode::Enter]);
    app.update(Event::Snapshot(Arc::new(later.clone())));
    assert!(text(&app, SMALL).contains("later"));
    press(&mut app, &[KeyCode::Char(' ')]);
    assert!(!text(&app, SMALL).contains("PAUSED"));
}

#[test]
fn figures_that_stay_away_are_missed_and_an_hour_that_passes_is_not_drawn() {
    let mut app = app(true, false, SMALL, workbench());
    app.update(Event::Waited(Duration::from_secs(3)));
    let before = text(&app, SMALL);
    assert!(before.contains("03:12 UTC"), "{before}");
    app.update(Event::Waited(Duration::from_secs(5)));
    assert!(text(&app, SMALL).contains("NO FIGURES for 5s"));
    let mut later = workbench();
    later.taken_at = "2026-11-21T03:12:14Z".parse().unwrap();
    app.update(Event::Snapshot(Arc::new(later)));
    assert_eq!(
        text(&app, SMALL),
        before,
        "nothing changed, so nothing is sent"
    );
}

#[test]
fn the_interval_is_on_the_screen_and_moves_by_key() {
    let mut app = app(true, false, SMALL, workbench());
    assert!(text(&app, SMALL).contains("every 1s"));
    press(&mut app, &[KeyCode::Char('+')]);
    assert!(text(&app, SMALL).contains("every 2s"));
    press(&mut app, &[KeyCode::Char('-'); 9]);
    assert!(text(&app, SMALL).contains("every 0.5s"));
    assert_eq!(app.interval().as_millis(), 500);
}

#[test]
fn a_way_in_folds_and_the_flat_orders_have_none() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Enter]);
    let tree = text(&app, SMALL);
    assert!(tree.contains("ssh from 10.0.0.7, pts/3, idle 2m  2 processes"));
    press(&mut app, &[KeyCode::Enter]);
    let folded = text(&app, SMALL);
    assert!(
        folded.contains("+ ssh from") && !folded.contains("fit.R"),
        "{folded}"
    );
    press(&mut app, &[KeyCode::Char('s')]);
    let flat = text(&app, SMALL);
    assert!(
        flat.contains("fit.R") && !flat.contains("ssh from"),
        "{flat}"
    );
}

#[test]
fn overview_on_a_very_wide_screen() {
    let size = (200, 24);
    let mut snapshot = workbench();
    snapshot.host.disks_silent = vec!["/mnt/archive".into()];
    snapshot.host.partial = true;
    insta::assert_snapshot!(text(&app(true, false, size, snapshot), size));
}

#[test]
fn gpus_have_columns_where_there_are_some() {
    let mut snapshot = workbench();
    snapshot.host.gpus = vec![GpuUsage {
        name: "H100".into(),
        busy_percent: Some(73),
        memory_total_bytes: Bytes(80 * GIB),
        memory_used_bytes: Bytes(60 * GIB),
    }];
    snapshot.users[0].gpu = Some(UserGpu {
        gpu_memory_bytes: Some(Bytes(58 * GIB)),
        gpu_busy: Some(0.71),
    });
    let text = text(&app(true, false, LARGE, snapshot), LARGE);
    assert!(text.contains("GPU 0.7 of 1  75% of 80.0G"), "{text}");
    assert!(
        text.contains("GPU GPUMEM") && text.contains("0.71  58.0G"),
        "{text}"
    );
}

#[test]
fn help_lists_every_key() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Char('?')]);
    let shown = text(&app, SMALL);
    for binding in &keys::BINDINGS {
        assert!(shown.contains(binding.does), "{}: {shown}", binding.does);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn before_the_first_figures_the_screen_says_so() {
    let app = App::new(Theme::new(true, false), SMALL);
    let text = text(&app, SMALL);
    assert!(
        text.contains("measuring") && text.contains("q quit"),
        "{text}"
    );
}

#[test]
fn a_host_without_people_says_so_and_offers_the_key() {
    let mut empty = workbench();
    empty.users.clear();
    let text = text(&app(true, false, SMALL, empty), SMALL);
    assert!(
        text.contains("nobody has a process here; a shows root"),
        "{text}"
    );
}

#[test]
fn a_host_without_cgroup_v2_or_pressure_says_what_that_means() {
    let mut old = workbench();
    old.host.cgroup = CgroupVersion::Hybrid;
    old.host.pressure = HostPressure::default();
    let text = text(&app(true, false, SMALL, old), SMALL);
    assert!(text.contains("cgroup hybrid: no limits"), "{text}");
    assert!(
        text.contains("not measured here (boot with psi=1)"),
        "{text}"
    );
}

#[test]
fn the_person_on_screen_may_vanish() {
    let mut app = app(true, false, SMALL, workbench());
    press(&mut app, &[KeyCode::Enter]);
    let mut later = workbench();
    later.users.clear();
    later.processes.clear();
    app.update(Event::Snapshot(Arc::new(later)));
    assert!(text(&app, SMALL).contains("uid 1001: no process any more"));
    press(&mut app, &[KeyCode::Esc]);
    assert!(text(&app, SMALL).contains("nobody has a process here"));
}

#[test]
fn the_selected_line_is_marked_without_colour() {
    let mut app = app(false, true, SMALL, workbench());
    press(&mut app, &[KeyCode::Down]);
    let text = text(&app, SMALL);
    let marked: Vec<&str> = text.lines().filter(|l| l.starts_with("> ")).collect();
    assert_eq!(marked.len(), 1, "{text}");
    assert!(marked[0].starts_with("> a-name-of-thi~"), "{text}");
}

#[test]
fn q_and_control_c_leave_from_everywhere() {
    for way in [&[][..], &[KeyCode::Enter], &[KeyCode::Char('?')]] {
        let mut app = app(true, false, SMALL, workbench());
        assert!(!press(&mut app, way));
        assert!(press(&mut app, &[KeyCode::Char('q')]));
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(
            app.update(Event::Terminal(event::Event::Key(interrupt)))
                .quit
        );
    }
}

#[test]
fn opening_and_leaving_a_person_moves_the_focus() {
    let mut app = app(true, false, SMALL, workbench());
    let key = |code| Event::Terminal(event::Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    assert!(app.update(key(KeyCode::Enter)).focus);
    assert_eq!(app.focus().map(|f| (f.uid, f.pid)), Some((Uid(1001), None)));
    assert!(app.update(key(KeyCode::Esc)).focus);
    assert_eq!(app.focus(), None);
}

proptest! {
    #[test]
    fn no_keys_sizes_or_figures_break_the_screen(
        keys in proptest::collection::vec(prop::sample::select(vec![
            KeyCode::Up, KeyCode::Down, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home,
            KeyCode::End, KeyCode::Enter, KeyCode::Esc, KeyCode::Char('s'), KeyCode::Char('a'),
            KeyCode::Char('?'), KeyCode::Char('x'), KeyCode::Tab, KeyCode::F(5),
            KeyCode::Char('u'), KeyCode::Char('o'), KeyCode::Char('n'), KeyCode::Char('y'),
        ]), 0..30),
        sizes in proptest::collection::vec((0u16..200, 0u16..60), 1..5),
        people in 0usize..4,
        cpu in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), 0.0f64..1000.0],
    ) {
        let mut app = app(true, false, SMALL, workbench());
        for (at, code) in keys.into_iter().enumerate() {
            press(&mut app, &[code]);
            let (columns, rows) = sizes[at % sizes.len()];
            app.update(Event::Terminal(event::Event::Resize(columns, rows)));
            let mut snapshot = workbench();
            snapshot.users.truncate(people);
            snapshot.host.cpu_busy_cores = Some(Cores(cpu));
            app.update(Event::Snapshot(Arc::new(snapshot)));
            picture(&app, (columns, rows));
        }
    }
}
