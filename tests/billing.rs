//! Who is billed for what: figures from two samples, without a machine.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use benchwarden::base::id::{Pid, Uid};
use benchwarden::base::units::{Bytes, Nanos};
use benchwarden::model::rates::usage;
use benchwarden::model::sample::{
    Account, CgroupVersion, Disk, Gpu, GpuUser, HostSample, IoBytes, IoReading, Place, PlaceId,
    Pressure, ProcessIo, ProcessMemory, ProcessSample, Sample, Session, SliceLimits, SliceMemory,
    SliceSample, Throttling,
};
use benchwarden::model::snapshot::{Snapshot, State, UserUsage};
use proptest::prelude::*;

const ALICE: Uid = Uid(1001);
const BOB: Uid = Uid(1002);
const OWN: &str = "/user.slice/user-1001.slice/session-1.scope";
const BOBS: &str = "/user.slice/user-1002.slice/session-2.scope";
const CRON: &str = "/system.slice/cron.service";
const PLACES: [&str; 4] = [OWN, BOBS, CRON, "/"];
/// Nanoseconds from boot to the moment 0 of these tests.
const BOOTED: u64 = 3_600_000_000_000;

/// Milliseconds as nanoseconds.
fn ms(millis: u64) -> Nanos {
    Nanos(millis * 1_000_000)
}

/// A sample of a host of eight processors at a moment.
fn sample(at: Nanos, version: CgroupVersion) -> Sample {
    let person = |name: &str| Account {
        name: Some(name.into()),
        person: true,
    };
    Sample {
        pass: u32::try_from(at.0 / 1_000_000).unwrap() + 1,
        taken_at: "2026-11-21T03:12:09Z".parse().unwrap(),
        clock: at,
        host: HostSample {
            name: "workbench".into(),
            cpus: 8,
            cgroup: version,
            cpu_busy: Some(Nanos(0)),
            memory: None,
            load: None,
            pressure: Pressure::default(),
            uptime: Some(Nanos(at.0 + BOOTED)),
            processes: 0,
            partial: false,
        },
        slices: Vec::new(),
        processes: Vec::new(),
        places: Arc::new(PLACES.map(|path| Place::of(path.to_owned())).to_vec()),
        io: Vec::new(),
        io_denied: BTreeSet::new(),
        sessions: Arc::default(),
        surroundings: Arc::default(),
        details: Arc::default(),
        accounts: BTreeMap::from([(ALICE, person("alice")), (BOB, person("bob"))]),
    }
}

fn slice(uid: Uid, at: Nanos, cpu: Nanos) -> SliceSample {
    SliceSample {
        uid,
        clock: at,
        cpu: Some(cpu),
        throttling: None,
        memory: Some(SliceMemory {
            used: Bytes(1000 << 10),
            cache: Bytes(0),
            swap: Some(Bytes(0)),
        }),
        processes: Some(1),
        tasks: Some(1),
        io: None,
        pressure: Pressure::default(),
        oom_kills: Some(0),
        frozen: false,
        limits: SliceLimits::default(),
    }
}

fn process(pid: u32, parent: u32, uid: Uid, cgroup: &str, at: Nanos, cpu: Nanos) -> ProcessSample {
    let place = PLACES.iter().position(|place| *place == cgroup).unwrap();
    ProcessSample {
        pid: Pid(pid),
        birth: pid,
        parent: Pid(parent),
        uid,
        place: PlaceId(u32::try_from(place).unwrap()),
        born_in: 0,
        // Samples are taken at full seconds.
        read_after_us: u32::try_from(at.0 % 1_000_000_000 / 1000).unwrap(),
        cpu,
        children_cpu: Nanos(0),
        memory: ProcessMemory::new(Bytes(100 << 10), Bytes(10 << 10)),
        threads: 2,
    }
}

fn of(snapshot: &Snapshot, uid: Uid) -> &UserUsage {
    snapshot.user(uid).expect("is in the snapshot")
}

fn cores(user: &UserUsage) -> f64 {
    (user.cpu_cores.expect("has a figure").0 * 1e6).round() / 1e6
}

/// Two samples a second apart.
fn pair(version: CgroupVersion) -> (Sample, Sample) {
    (sample(ms(0), version), sample(ms(1000), version))
}

#[test]
fn a_slice_is_billed_whole_so_that_no_short_lived_child_is_missed() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices.push(slice(ALICE, ms(0), ms(5000)));
    after.slices.push(slice(ALICE, ms(1000), ms(6500)));
    // A sleeping shell of hers is seen as well; none of its children ever was.
    for (sample, at) in [(&mut before, 0), (&mut after, 1000)] {
        sample
            .processes
            .push(process(10, 1, ALICE, OWN, ms(at), ms(3)));
    }
    let snapshot = usage(&before, &after);
    assert_eq!(cores(of(&snapshot, ALICE)), 1.5);
    assert_eq!(of(&snapshot, ALICE).outside.processes, 0);
}

#[test]
fn a_job_started_by_su_in_someone_elses_slice_is_its_owners() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices = vec![slice(ALICE, ms(0), ms(0)), slice(BOB, ms(0), ms(0))];
    after.slices = vec![
        slice(ALICE, ms(1000), ms(100)),
        slice(BOB, ms(1000), ms(900)),
    ];
    before
        .processes
        .push(process(10, 1, ALICE, BOBS, ms(0), ms(0)));
    after
        .processes
        .push(process(10, 1, ALICE, BOBS, ms(1000), ms(800)));
    let snapshot = usage(&before, &after);
    let (alice, bob) = (of(&snapshot, ALICE), of(&snapshot, BOB));
    assert_eq!((cores(alice), cores(bob)), (0.9, 0.1));
    assert_eq!(alice.memory_bytes, Some(Bytes(1110 << 10)));
    assert_eq!(
        bob.memory_bytes,
        Some(Bytes(900 << 10)),
        "the guest's pages are charged to bob's slice"
    );
    assert_eq!(alice.outside.processes, 1);
    assert_eq!(&*alice.outside.cgroups[0], BOBS);
    assert!(alice.state.contains(&State::Outside));
    assert!(!bob.state.contains(&State::Outside));
}

#[test]
fn children_that_lived_between_two_samples_are_recovered_from_their_parent() {
    for version in [CgroupVersion::V1, CgroupVersion::V2] {
        let (mut before, mut after) = pair(version);
        before
            .processes
            .push(process(10, 1, ALICE, CRON, ms(0), ms(7)));
        let mut shell = process(10, 1, ALICE, CRON, ms(1000), ms(57));
        shell.children_cpu = ms(900);
        after.processes.push(shell);
        assert_eq!(cores(of(&usage(&before, &after), ALICE)), 0.95);
    }
}

#[test]
fn what_a_child_was_billed_while_it_lived_is_not_billed_again_when_it_ends() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before
        .processes
        .push(process(10, 1, ALICE, "/", ms(0), ms(0)));
    before
        .processes
        .push(process(11, 10, ALICE, "/", ms(0), ms(60_000)));
    let mut shell = process(10, 1, ALICE, "/", ms(1000), ms(0));
    shell.children_cpu = ms(60_250);
    after.processes.push(shell);
    assert_eq!(cores(of(&usage(&before, &after), ALICE)), 0.25);
}

#[test]
fn a_whole_branch_that_ends_is_settled_with_the_ancestor_that_lives() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before
        .processes
        .push(process(10, 1, Uid(0), "/", ms(0), ms(0)));
    before
        .processes
        .push(process(11, 10, ALICE, "/", ms(0), ms(1000)));
    before
        .processes
        .push(process(12, 11, ALICE, "/", ms(0), ms(3000)));
    let mut cron = process(10, 1, Uid(0), "/", ms(1000), ms(0));
    cron.children_cpu = ms(4500);
    after.processes.push(cron);
    let snapshot = usage(&before, &after);
    assert_eq!(
        cores(of(&snapshot, ALICE)),
        0.5,
        "the rest is the children's owner's, not cron's"
    );
    assert_eq!(cores(of(&snapshot, Uid(0))), 0.0);
}

#[test]
fn a_pid_given_away_again_is_another_process() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before
        .processes
        .push(process(10, 1, ALICE, "/", ms(0), ms(90_000)));
    let mut other = process(10, 1, BOB, "/", ms(1000), ms(40));
    (other.birth, other.born_in) = (77, 500);
    after.processes.push(other);
    let snapshot = usage(&before, &after);
    assert_eq!(cores(of(&snapshot, BOB)), 0.04);
    assert!(snapshot.user(ALICE).is_none());
}

#[test]
fn a_process_that_only_came_into_sight_is_not_billed_its_whole_life() {
    let (before, mut after) = pair(CgroupVersion::V2);
    after
        .processes
        .push(process(10, 1, ALICE, CRON, ms(1000), ms(90_000)));
    let snapshot = usage(&before, &after);
    assert_eq!(cores(of(&snapshot, ALICE)), 0.0);
    assert_eq!(of(&snapshot, ALICE).processes, 1);
}

#[test]
fn processes_are_those_of_the_slice_without_its_guests_and_those_elsewhere() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices.push(slice(ALICE, ms(0), ms(0)));
    let mut crowded = slice(ALICE, ms(1000), ms(0));
    crowded.processes = Some(9);
    after.slices.push(crowded);
    after
        .processes
        .push(process(10, 1, BOB, OWN, ms(1000), ms(0)));
    after
        .processes
        .push(process(11, 1, ALICE, CRON, ms(1000), ms(0)));
    let snapshot = usage(&before, &after);
    assert_eq!(of(&snapshot, ALICE).processes, 8 + 1);
    assert_eq!(of(&snapshot, BOB).processes, 1);
}

#[test]
fn each_process_is_measured_over_its_own_time() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before
        .processes
        .push(process(10, 1, ALICE, "/", ms(300), ms(0)));
    after
        .processes
        .push(process(10, 1, ALICE, "/", ms(1000), ms(700)));
    assert_eq!(
        cores(of(&usage(&before, &after), ALICE)),
        1.0,
        "a slow scan invents no load"
    );
}

#[test]
fn a_slice_that_ended_and_came_back_starts_from_nothing() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices.push(slice(ALICE, ms(0), ms(70_000)));
    after.slices.push(slice(ALICE, ms(1000), ms(250)));
    assert_eq!(cores(of(&usage(&before, &after), ALICE)), 0.25);
}

#[test]
fn the_system_is_what_is_nobodys() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices.push(slice(ALICE, ms(0), ms(0)));
    after.slices.push(slice(ALICE, ms(1000), ms(2000)));
    before
        .processes
        .push(process(5, 1, Uid(0), CRON, ms(0), ms(0)));
    after
        .processes
        .push(process(5, 1, Uid(0), CRON, ms(1000), ms(300)));
    after.host.cpu_busy = Some(ms(2500));
    let host = usage(&before, &after).host;
    assert_eq!(host.cpu_busy_cores.unwrap().0, 2.5);
    assert_eq!(host.cpu_system_cores.unwrap().0, 0.5);
}

#[test]
fn a_host_whose_ticks_were_lost_is_not_less_busy_than_its_people() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    before.slices.push(slice(ALICE, ms(0), ms(0)));
    after.slices.push(slice(ALICE, ms(1000), ms(1900)));
    after.host.cpu_busy = Some(ms(1200));
    let host = usage(&before, &after).host;
    assert_eq!(host.cpu_busy_cores.unwrap().0, 1.9);
    assert_eq!(host.cpu_system_cores.unwrap().0, 0.0);
}

#[test]
fn throttling_limits_and_kills_become_states() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    let mut earlier = slice(ALICE, ms(0), ms(0));
    earlier.throttling = Some(Throttling {
        periods: 10,
        throttled: 1,
    });
    earlier.io = Some(IoBytes {
        read: Bytes(0),
        written: Bytes(500),
    });
    let mut later = slice(ALICE, ms(2000), ms(0));
    later.throttling = Some(Throttling {
        periods: 20,
        throttled: 6,
    });
    later.io = Some(IoBytes {
        read: Bytes(4096),
        written: Bytes(2500),
    });
    later.oom_kills = Some(1);
    later.frozen = true;
    later.limits.memory_max = Some(Bytes(1100 << 10));
    before.slices.push(earlier);
    after.slices.push(later);
    let snapshot = usage(&before, &after);
    let alice = of(&snapshot, ALICE);
    assert_eq!(alice.cpu_throttled_ratio, Some(0.5));
    assert_eq!(alice.io_read_bytes_per_s, Some(2048));
    assert_eq!(alice.io_write_bytes_per_s, Some(1000));
    assert_eq!(
        alice.state,
        [
            State::NearLimit,
            State::Throttled,
            State::Frozen,
            State::Oom
        ]
    );
}

#[test]
fn what_was_not_readable_stays_unknown() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    let mut blind = slice(ALICE, ms(1000), ms(0));
    (blind.cpu, blind.memory, blind.tasks, blind.oom_kills) = (None, None, None, None);
    before.slices.push(blind.clone());
    after.slices.push(blind);
    let snapshot = usage(&before, &after);
    let alice = of(&snapshot, ALICE);
    assert_eq!(alice.cpu_cores, None);
    assert_eq!(alice.memory_bytes, None);
    assert_eq!(alice.tasks, None);
    assert_eq!(alice.oom_kills, None);
    assert!(alice.state.is_empty());
}

/// A process at two moments: which of them it is there, whose it is, and what it used.
fn any_process() -> impl Strategy<Value = (bool, bool, u32, u32, u64, u64, u64)> {
    (
        any::<bool>(),
        any::<bool>(),
        0u32..3,
        0u32..40,
        0u64..5000,
        0u64..900,
        0u64..900,
    )
}

proptest! {
    #[test]
    fn no_history_of_a_host_gives_a_figure_below_zero_or_not_a_number(
        processes in proptest::collection::vec(any_process(), 0..40),
        v2 in any::<bool>(),
        slice_cpu in 0u64..2000,
    ) {
        let version = if v2 { CgroupVersion::V2 } else { CgroupVersion::V1 };
        let (mut before, mut after) = pair(version);
        if v2 {
            before.slices.push(slice(ALICE, ms(0), ms(1000)));
            after.slices.push(slice(ALICE, ms(1000), ms(slice_cpu)));
        }
        for (pid, (was, is, whose, parent, cpu, more, children)) in (2u32..).zip(processes) {
            let uid = Uid([0, 1001, 1002][whose as usize]);
            let place = [CRON, OWN, BOBS][(pid % 3) as usize];
            if was {
                before.processes.push(process(pid, parent, uid, place, ms(0), ms(cpu)));
            }
            if is {
                let mut later = process(pid, parent, uid, place, ms(1000), ms(cpu + more));
                later.children_cpu = ms(children);
                after.processes.push(later);
            }
        }
        let snapshot = usage(&before, &after);
        for user in &snapshot.users {
            for figure in [user.cpu_cores, user.outside.cpu_cores].into_iter().flatten() {
                prop_assert!(figure.0.is_finite() && figure.0 >= 0.0);
            }
        }
    }
}

/// What a process had read and written at two moments.
fn io(pid: u32, before: (u64, u64), last: (u64, u64)) -> ProcessIo {
    let reading = |(at, read): (u64, u64)| IoReading {
        clock: ms(at),
        bytes: IoBytes {
            read: Bytes(read),
            written: Bytes(read / 2),
        },
    };
    ProcessIo {
        pid: Pid(pid),
        birth: pid,
        before: reading(before),
        last: reading(last),
    }
}

#[test]
fn what_a_job_outside_reads_and_writes_is_added_to_its_owners_slice() {
    let (mut before, mut after) = pair(CgroupVersion::V2);
    for (sample, at) in [(&mut before, 0), (&mut after, 1000)] {
        let mut own = slice(ALICE, ms(at), ms(at));
        own.io = Some(IoBytes {
            read: Bytes(at * 10),
            written: Bytes(0),
        });
        sample.slices.push(own);
        let job = process(20, 1, ALICE, CRON, ms(at), ms(at));
        sample.processes.push(job);
    }
    before.io = vec![io(20, (0, 1000), (0, 1000))];
    after.io = vec![io(20, (0, 1000), (1000, 5000))];
    let snapshot = usage(&before, &after);
    let alice = of(&snapshot, ALICE);
    assert_eq!(alice.io_read_bytes_per_s, Some(10_000 + 4000));
    assert_eq!(alice.io_write_bytes_per_s, Some(2000));
    after.io_denied.insert(ALICE);
    let snapshot = usage(&before, &after);
    let alice = of(&snapshot, ALICE);
    assert_eq!(alice.io_read_bytes_per_s, None, "a part would be too small");
}

#[test]
fn a_parent_that_waited_for_its_child_is_not_billed_again_for_what_the_child_read() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before.processes = vec![
        process(20, 1, ALICE, CRON, ms(0), ms(0)),
        process(21, 20, ALICE, CRON, ms(0), ms(700)),
    ];
    after.processes = vec![process(20, 1, ALICE, CRON, ms(1000), ms(10))];
    before.io = vec![io(20, (0, 0), (0, 0)), io(21, (0, 0), (0, 90_000))];
    after.io = vec![io(20, (0, 0), (1000, 90_000 + 500))];
    let snapshot = usage(&before, &after);
    assert_eq!(of(&snapshot, ALICE).io_read_bytes_per_s, Some(500));
}

#[test]
fn a_process_that_did_not_run_moves_nothing_whatever_it_moved_before() {
    let (mut before, mut after) = pair(CgroupVersion::V1);
    before.processes = vec![process(20, 1, ALICE, CRON, ms(0), ms(9))];
    after.processes = vec![process(20, 1, ALICE, CRON, ms(1000), ms(9))];
    after.io = vec![io(20, (0, 0), (1000, 4000))];
    let snapshot = usage(&before, &after);
    assert_eq!(of(&snapshot, ALICE).io_read_bytes_per_s, Some(0));
}

#[test]
fn sessions_and_gpus_are_their_owners() {
    let (before, mut after) = pair(CgroupVersion::V1);
    after.processes = vec![process(20, 1, ALICE, CRON, ms(1000), ms(9))];
    let session = |id: &str, idle_s| Session {
        id: id.into(),
        uid: ALICE,
        service: "sshd".into(),
        remote: Some("10.0.0.7".into()),
        tty: Some("pts/0".into()),
        idle_s,
        since: None,
    };
    after.sessions = Arc::new(vec![session("1", Some(500)), session("2", Some(20))]);
    let gpu = |memory| Gpu {
        name: "H100".into(),
        busy_percent: Some(50),
        memory_total: Bytes(80 << 30),
        memory_used: Bytes(memory),
        users: vec![GpuUser {
            uid: ALICE,
            memory: Some(Bytes(memory)),
            busy_percent: Some(40),
        }],
    };
    let around = Arc::make_mut(&mut after.surroundings);
    around.gpus = vec![gpu(1 << 30), gpu(2 << 30)];
    around.disks.push(Disk {
        mount: "/home".into(),
        total: Bytes(100),
        available: Bytes(7),
    });
    let snapshot = usage(&before, &after);
    let alice = of(&snapshot, ALICE);
    assert_eq!((alice.sessions, alice.idle_s), (2, Some(20)));
    let gpu = alice.gpu.expect("there are GPUs");
    assert_eq!(gpu.gpu_memory_bytes, Some(Bytes(3 << 30)));
    assert_eq!(gpu.gpu_busy, Some(0.8));
    assert_eq!(snapshot.host.gpus.len(), 2);
    assert_eq!(snapshot.host.disks[0].available_bytes, Bytes(7));
    let bare = usage(&pair(CgroupVersion::V1).0, &pair(CgroupVersion::V1).1);
    let json = serde_json::to_value(&bare).expect("is JSON");
    assert_eq!(json["host"]["gpus"], serde_json::json!([]));
}
