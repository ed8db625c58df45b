//! What a user may lay out in a home: each is refused, and nothing outside of it changes.

use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::host::as_user::keys::FILE_BYTES;

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

#[test]
fn ssh_as_a_link_is_refused_wherever_it_points() {
    for target in ["/etc", "../outside", "nowhere", ".", "/proc/self/root"] {
        let place = Place::new();
        symlink(target, place.ssh()).unwrap();
        let Refusal::Link { target: told, .. } = place.refused() else {
            panic!("{target}");
        };
        assert_eq!(told, target);
        assert_eq!(names(&place.home()), [".ssh"]);
    }
}

#[test]
fn the_file_as_a_link_is_refused_wherever_it_points() {
    for target in [
        "/etc/shadow",
        "../../outside/secret",
        "../../outside/new",
        "elsewhere",
    ] {
        let place = Place::new();
        place.make_ssh();
        symlink(target, place.file()).unwrap();
        assert!(matches!(place.refused(), Refusal::Link { .. }));
        assert_eq!(names(&place.ssh()), ["authorized_keys"]);
    }
}

#[test]
fn pipes_sockets_and_directories_are_refused_at_once() {
    let place = Place::new();
    pipe(&place.ssh());
    let refused = place.refused();
    assert!(refused.to_string().contains("a named pipe"), "{refused}");

    type Make = fn(&Path);
    let made: [(Make, &str); 3] = [
        (pipe, "a named pipe"),
        (|path| drop(UnixListener::bind(path).unwrap()), "a socket"),
        (|path| fs::create_dir(path).unwrap(), "a directory"),
    ];
    for (make, name) in made {
        let place = Place::new();
        place.make_ssh();
        make(&place.file());
        let Refusal::NotAFile { kind, .. } = place.refused() else {
            panic!("{name}");
        };
        assert_eq!(kind, name);
    }
}

#[test]
fn a_second_name_of_another_file_is_refused() {
    let place = Place::new();
    place.make_ssh();
    fs::hard_link(place.secret(), place.file()).unwrap();
    let refused = place.refused();
    assert!(matches!(refused, Refusal::HardLinked { links: 2, .. }));
}

#[test]
fn what_others_can_write_is_shown_but_not_vouched_for() {
    for (path, bits) in [
        (Place::ssh as fn(&Place) -> PathBuf, 0o770),
        (Place::file, 0o602),
    ] {
        let place = Place::with_keys();
        fs::set_permissions(path(&place), Permissions::from_mode(bits)).unwrap();
        assert_eq!(place.read().unwrap().content, Some(Content(OLD.to_vec())));
        for after in [Some(NEW), None] {
            let refused = place.write(Some(OLD), after).unwrap_err();
            let Refusal::WritableByOthers { mode, .. } = refused else {
                panic!("{refused}");
            };
            assert_eq!(mode, bits);
        }
        assert_eq!(fs::read(place.file()).unwrap(), OLD);
        assert_eq!(names(&place.ssh()), ["authorized_keys"]);
    }
}

#[test]
fn a_huge_file_is_neither_read_nor_written() {
    let place = Place::new();
    place.make_ssh();
    let file = fs::File::create(place.file()).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(matches!(place.refused(), Refusal::TooBig { .. }));

    let place = Place::with_keys();
    let much = vec![b'\n'; usize::try_from(FILE_BYTES).unwrap() + 1];
    let refused = place.write(Some(OLD), Some(&much)).unwrap_err();
    assert!(matches!(refused, Refusal::TooBig { .. }));
    place.write(Some(OLD), Some(&much[1..])).unwrap();
    assert_eq!(place.read().unwrap().content.unwrap().0, &much[1..]);
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    if !geteuid().is_root() {
        return;
    }
    for path in [Place::ssh as fn(&Place) -> PathBuf, Place::file] {
        let place = Place::with_keys();
        chown(path(&place), Some(65_534), None).unwrap();
        let Refusal::ForeignOwner { owner, wanted, .. } = place.refused() else {
            panic!("{}", path(&place).display());
        };
        assert_eq!((owner, wanted), (65_534, 0));
        assert_eq!(fs::read(place.file()).unwrap(), OLD);
    }
}

#[test]
fn a_full_disk_leaves_the_old_keys_and_nothing_else() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let place = Place::new();
    let small = c"size=64k";
    // Only root can make a disk that is small.
    if mount("none", place.home(), "tmpfs", MountFlags::empty(), small).is_err() {
        return;
    }
    place.make_ssh();
    fs::write(place.file(), OLD).unwrap();
    let much = vec![b'\n'; 256 << 10];
    let refused = place.write(Some(OLD), Some(&much)).unwrap_err();
    let kept = fs::read(place.file()).unwrap();
    let left = names(&place.ssh());
    unmount(place.home(), UnmountFlags::DETACH).unwrap();
    assert!(matches!(refused, Refusal::NoSpace { .. }), "{refused}");
    assert_eq!(kept, OLD);
    assert_eq!(left, ["authorized_keys"]);
}

#[test]
fn a_mount_in_a_home_is_not_entered() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let place = Place::with_keys();
    if mount("none", place.ssh(), "tmpfs", MountFlags::empty(), None).is_err() {
        return;
    }
    let refused = place.read();
    unmount(place.ssh(), UnmountFlags::DETACH).unwrap();
    assert!(matches!(refused, Err(Refusal::OtherFileSystem { .. })));
}

#[test]
fn a_link_to_a_home_is_the_admins_business() {
    let place = Place::with_keys();
    let alias = place.outside().join("alias");
    symlink(place.home(), &alias).unwrap();
    let home = Home::open(alias.to_str().unwrap(), geteuid().as_raw()).unwrap();
    assert!(read(&home).unwrap().content.is_some());
}
