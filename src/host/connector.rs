//! The kernel's process connector: it tells when a process becomes somebody else, at that moment.
//!
//! Follows `Documentation/driver-api/connector.rst` and `linux/cn_proc.h`. A filter on the socket
//! lets only changes through that leave a process with one uid, not root's: forks, execs and
//! services that act for somebody for a moment are never delivered, however many there are.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{bind, recv, send, socket_with, sockopt};

use crate::base::id::{Pid, Uid};
use crate::base::units::Nanos;

/// Room for events that come faster than they are read; the kernel takes about 1 KiB for each.
const ROOM: usize = 8 << 20;
/// `CN_IDX_PROC` and `CN_VAL_PROC`; the index is the multicast group too.
const CN_PROC: u32 = 1;
/// `PROC_CN_MCAST_LISTEN`.
const LISTEN: u32 = 1;
/// `PROC_EVENT_NONE`: the answer to our own request.
const ANSWER: u32 = 0;
/// `PROC_EVENT_UID`.
const BECAME: u32 = 4;

/// Where things are in a datagram: `nlmsghdr` (16 bytes), `cn_msg` (20), `proc_event`.
mod at {
    pub(super) const GROUP: usize = 16;
    pub(super) const WHAT: usize = 36;
    pub(super) const TIME: usize = 44;
    pub(super) const ERROR: usize = 52;
    pub(super) const PROCESS: usize = 56;
    pub(super) const UID: usize = 60;
    pub(super) const EFFECTIVE: usize = 64;
}

/// A process that has become somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Which.
    pub pid: Pid,
    /// Who it is now, really and in effect.
    pub uid: Uid,
    /// When, by the monotonic clock.
    pub at: Nanos,
}

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody new.
    Birth(Birth),
    /// The kernel could not keep all there was: look yourself.
    Lost,
    /// Nothing more for now.
    Nothing,
}

/// Why it cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// A system call failed.
    #[error(
        "cannot {0} the kernel's process connector: {1}; it needs root in the host's own network and pid namespace, and a kernel with CONFIG_PROC_EVENTS"
    )]
    Call(&'static str, io::Error),
    /// The kernel did not say that it will tell.
    #[error(
        "the kernel does not answer at its process connector; run this on the host itself, not in a container"
    )]
    NoAnswer,
}

/// A socket that hears of changed uids.
#[derive(Debug)]
pub struct Connector {
    socket: OwnedFd,
}

impl Connector {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the kernel has no connector, or this process may not listen to it.
    pub fn listen() -> Result<Self, ConnectorError> {
        let failed = |what| move |e: Errno| ConnectorError::Call(what, e.into());
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(netlink::CONNECTOR),
        )
        .map_err(failed("open"))?;
        attach(&socket, &filter()).map_err(|e| ConnectorError::Call("filter", e))?;
        // Beyond the limit for everybody; who may not do that gets less room.
        let _ = sockopt::set_socket_recv_buffer_size_force(&socket, ROOM);
        bind(&socket, &SocketAddrNetlink::new(0, CN_PROC)).map_err(failed("join"))?;
        let connector = Self { socket };
        send(&connector.socket, &request(), SendFlags::empty()).map_err(failed("ask"))?;
        connector.wait_for_answer()?;
        Ok(connector)
    }

    fn wait_for_answer(&self) -> Result<(), ConnectorError> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let patience = Timespec {
            tv_sec: 2,
            tv_nsec: 0,
        };
        let mut room = [0; 256];
        loop {
            let mut ready = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut ready, Some(&patience)) {
                Ok(0) => return Err(ConnectorError::NoAnswer),
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(ConnectorError::Call("wait for", e.into())),
            }
            if let Ok((_, length)) = recv(&self.socket, &mut room, RecvFlags::empty())
                && let Some(error) = answer(room.get(..length).unwrap_or_default())
            {
                return match i32::try_from(error).unwrap_or(libc::EIO) {
                    0 => Ok(()),
                    errno => Err(ConnectorError::Call(
                        "listen to",
                        io::Error::from_raw_os_error(errno),
                    )),
                };
            }
        }
    }

    /// The next event; never waits.
    pub fn hear(&self) -> Heard {
        let mut room = [0; 256];
        loop {
            match recv(&self.socket, &mut room, RecvFlags::empty()) {
                Ok((_, length)) => {
                    if let Some(birth) = parse(room.get(..length).unwrap_or_default()) {
                        return Heard::Birth(birth);
                    }
                }
                Err(Errno::NOBUFS) => return Heard::Lost,
                Err(Errno::INTR) => {}
                Err(_) => return Heard::Nothing,
            }
        }
    }
}

impl AsFd for Connector {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A number of the kernel's, in this machine's own byte order.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(four.try_into().ok()?))
}

/// A change of uid; `None` for anything else.
#[must_use]
pub fn parse(datagram: &[u8]) -> Option<Birth> {
    let number = |at| number(datagram, at);
    let eight = datagram.get(at::TIME..at::TIME + 8)?;
    let (real, effective) = (number(at::UID)?, number(at::EFFECTIVE)?);
    let wanted = number(at::GROUP)? == CN_PROC
        && number(at::WHAT)? == BECAME
        && real == effective
        && real != 0;
    wanted.then_some(Birth {
        pid: Pid(number(at::PROCESS)?),
        uid: Uid(real),
        at: Nanos(u64::from_ne_bytes(eight.try_into().ok()?)),
    })
}

/// The error number in the kernel's answer to our request; `None` for anything else.
fn answer(datagram: &[u8]) -> Option<u32> {
    let told = number(datagram, at::GROUP)? == CN_PROC && number(datagram, at::WHAT)? == ANSWER;
    told.then(|| number(datagram, at::ERROR))?
}

/// "Tell me": `nlmsghdr`, `cn_msg` and one number.
fn request() -> [u8; 40] {
    let mut bytes = [0; 40];
    let mut put = |at: usize, value: &[u8]| {
        if let Some(place) = bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    };
    put(0, &40u32.to_ne_bytes());
    put(4, &3u16.to_ne_bytes()); // NLMSG_DONE
    put(at::GROUP, &CN_PROC.to_ne_bytes());
    put(at::GROUP + 4, &CN_PROC.to_ne_bytes());
    put(32, &4u16.to_ne_bytes()); // the length of what follows
    put(at::WHAT, &LISTEN.to_ne_bytes());
    bytes
}

/// Lets our answer and wanted changes of uid through, and nothing else. A filter reads numbers in
/// network order, so what it compares with is turned around too.
fn filter() -> [libc::sock_filter; 10] {
    const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const IF_IS: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const IF_SAME: u16 = 0x1d; // BPF_JMP | BPF_JEQ | BPF_X
    const KEEP: u16 = 0x07; // BPF_MISC | BPF_TAX
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    #[expect(clippy::cast_possible_truncation, reason = "offsets below 100")]
    let load = |at: usize| step(LOAD, 0, 0, at as u32);
    [
        load(at::WHAT),
        step(IF_IS, 7, 0, ANSWER.to_be()),
        step(IF_IS, 0, 5, BECAME.to_be()),
        load(at::UID),
        step(IF_IS, 3, 0, 0),
        step(KEEP, 0, 0, 0),
        load(at::EFFECTIVE),
        step(IF_SAME, 1, 0, 0),
        step(RETURN, 0, 0, 0),
        step(RETURN, 0, 0, u32::MAX),
    ]
}

fn attach(socket: &OwnedFd, program: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap_or(0),
        filter: program.as_ptr().cast_mut(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "16 bytes")]
    let length = size_of::<libc::sock_fprog>() as libc::socklen_t;
    // SAFETY: the kernel reads `length` bytes of a `sock_fprog`, and `len` instructions behind the
    // pointer in it, before the call returns; both live until then, and nothing is written.
    #[expect(unsafe_code, reason = "rustix has no SO_ATTACH_FILTER")]
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            std::ptr::from_ref(&program).cast(),
            length,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where what is read ends.
    const END: usize = at::EFFECTIVE + 4;

    /// What the kernel sends of an event.
    fn datagram(what: u32, pid: u32, uid: u32, effective: u32) -> Vec<u8> {
        let mut bytes = vec![0; 76];
        for (at, value) in [
            (0, 76),
            (at::GROUP, CN_PROC),
            (at::WHAT, what),
            (at::PROCESS - 4, pid),
            (at::PROCESS, pid),
            (at::UID, uid),
            (at::EFFECTIVE, effective),
        ] {
            bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        bytes[at::TIME..at::TIME + 8].copy_from_slice(&7_000_000_001u64.to_ne_bytes());
        bytes
    }

    /// The filter as the kernel runs it.
    fn lets_through(bytes: &[u8]) -> bool {
        let program = filter();
        let (mut a, mut x, mut pc) = (0, 0, 0);
        loop {
            let step = program[pc];
            pc += 1;
            let jump = |is: bool| usize::from(if is { step.jt } else { step.jf });
            match step.code {
                0x20 => {
                    let at = step.k as usize;
                    let Some(four) = bytes.get(at..at + 4) else {
                        return false;
                    };
                    a = u32::from_be_bytes(four.try_into().unwrap());
                }
                0x15 => pc += jump(a == step.k),
                0x1d => pc += jump(a == x),
                0x07 => x = a,
                0x06 => return step.k != 0,
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_process_that_becomes_somebody_is_heard_of() {
        let birth = parse(&datagram(BECAME, 4711, 1001, 1001)).unwrap();
        assert_eq!((birth.pid, birth.uid), (Pid(4711), Uid(1001)));
        assert_eq!(birth.at, Nanos(7_000_000_001));
    }

    #[test]
    fn the_filter_lets_our_answer_and_changes_for_good_through() {
        for (what, uid, effective, expected) in [
            (BECAME, 1001, 1001, true),
            (BECAME, 0, 0, false),
            // sshd looks into somebody's home.
            (BECAME, 0, 1001, false),
            // sudo begins.
            (BECAME, 1001, 0, false),
            (ANSWER, 0, 0, true),
            (1, 1001, 1001, false),           // fork
            (2, 1001, 1001, false),           // exec
            (0x8000_0000, 1001, 1001, false), // exit
            (0x40, 1001, 1001, false),        // gid
        ] {
            let bytes = datagram(what, 4711, uid, effective);
            assert_eq!(lets_through(&bytes), expected, "{what} {uid} {effective}");
            let parsed = parse(&bytes).is_some() || answer(&bytes).is_some();
            assert_eq!(parsed, expected, "{what} {uid} {effective}");
        }
    }

    #[test]
    fn an_answer_tells_its_error() {
        let mut bytes = datagram(ANSWER, 0, 0, 0);
        assert_eq!(answer(&bytes), Some(0));
        bytes[at::ERROR] = 1;
        assert_eq!(answer(&bytes), number(&bytes, at::ERROR));
        assert_ne!(answer(&bytes), Some(0));
        assert_eq!(answer(&datagram(BECAME, 1, 1, 1)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (parse(&bytes), answer(&bytes));
        }

        #[test]
        fn filter_and_parser_agree(
            what in prop_oneof![Just(BECAME), any::<u32>()],
            uid: u32, effective: u32, same: bool, cut in 0usize..80,
        ) {
            let effective = if same { uid } else { effective };
            let mut bytes = datagram(what, 9, uid, effective);
            bytes.truncate(cut.max(END));
            let through = lets_through(&bytes) && what != ANSWER;
            prop_assert_eq!(parse(&bytes).is_some(), through);
            if let Some(birth) = parse(&bytes) {
                prop_assert_eq!(birth.uid, Uid(uid));
            }
            bytes.truncate(cut.min(END - 1));
            prop_assert_eq!(parse(&bytes), None);
        }
    }
}
