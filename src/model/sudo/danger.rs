//! What amounts to root, and why: programs that start others, write any file, or are themselves
//! open to whoever may run them.

use super::ground::{Caller, Ground};
use super::matching::{glob, has_wildcard};
use super::{Args, Cmnd, What};

/// What a command gives besides itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Danger {
    /// Whether whoever may run it can do everything that its target can.
    pub whole: bool,
    /// Why.
    pub why: String,
}

/// What a program lets its caller do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    /// It is a shell or runs programs in a language: a script may be given.
    Interpreter,
    /// It opens a shell from within, whatever it was called with.
    Opens,
    /// It runs another program that is named in its arguments.
    Runs,
    /// It writes or changes files that are named in its arguments.
    Writes,
    /// It reads files that are named in its arguments, password hashes among them.
    Reads,
}

const POWERS: &[(Power, &str)] = &[
    (
        Power::Interpreter,
        "sh bash dash rbash zsh ksh mksh fish csh tcsh ash busybox python perl ruby node nodejs lua \
         luajit php R Rscript tclsh wish expect guile julia irb ghci awk gawk mawk nawk",
    ),
    (
        Power::Opens,
        "vi vim nvim view vimdiff rvim nano pico emacs ed ex joe mcedit mc less more most pg man \
         w3m lynx links elinks journalctl mysql mariadb psql sqlite3 ftp gdb su sudo doas runuser \
         pkexec screen tmux script visudo vipw vigr crontab at batch nsenter chroot unshare \
         machinectl systemd-run virsh docker podman nerdctl ctr lxc incus kubectl ansible puppet \
         sash systemd-nspawn edquota mutt mail",
    ),
    (
        Power::Runs,
        "env nice nohup timeout xargs find watch strace ltrace time ionice setsid setpriv capsh \
         parallel flock start-stop-daemon run-parts taskset chrt stdbuf entr ssh scp sftp rsync git \
         hg svn tar zip cpio rpm dpkg apt apt-get aptitude yum dnf zypper snap flatpak pip pip3 \
         pipx npm gem cargo go make cmake conda mamba logrotate tcpdump nmap service invoke-rc.d \
         split sort busctl dmsetup mount openvpn ip socat nc ncat netcat gcc cc ld",
    ),
    (
        Power::Writes,
        "cp mv tee dd install ln chmod chown chgrp sed touch truncate umount setfacl setcap \
         usermod useradd userdel adduser addgroup groupmod groupadd gpasswd passwd chpasswd chsh \
         chfn chage newusers update-alternatives insmod modprobe kexec debugfs losetup wget curl \
         openssl patch unzip gunzip bzip2 gzip xz zstd 7z ar shuf iptables sysctl ldconfig \
         mkfs mkswap fdisk parted lvm rm shred systemd-tmpfiles loadkeys",
    ),
    (
        Power::Reads,
        "cat head tail grep egrep fgrep zcat zless zgrep xxd od hexdump strings base64 base32 diff \
         cut sdiff tac nl paste fold comm join uniq file",
    ),
];

/// Files that decide who is root.
const DECISIVE: [&str; 25] = [
    "/etc/sudoers",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/cron",
    "/etc/crontab",
    "/etc/anacrontab",
    "/var/spool/cron",
    "/etc/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
    "/run/systemd",
    "/etc/ld.so",
    "/etc/profile",
    "/etc/environment",
    "/etc/bash",
    "/etc/pam.d",
    "/etc/security",
    "/etc/ssh",
    "/root",
    "/etc/init.d",
    "/usr/bin",
    "/usr/sbin",
    "/etc/polkit",
];

fn power(program: &str) -> Option<Power> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    let bare = bare
        .strip_suffix(".basic")
        .or(bare.strip_suffix(".tiny"))
        .unwrap_or(bare);
    let listed = |names: &str| {
        names
            .split_whitespace()
            .any(|own| own == name || own == bare)
    };
    POWERS
        .iter()
        .find(|(_, names)| listed(names))
        .map(|(power, _)| *power)
}

/// What a command gives to this caller besides itself; `None` where nothing is known.
#[must_use]
pub fn of(command: &Cmnd, by: &Caller, ground: &Ground) -> Option<Danger> {
    let whole = |why: String| Some(Danger { whole: true, why });
    match &command.what {
        What::All => whole("it is everything".to_owned()),
        What::List | What::Alias(_) => None,
        What::Edit(args) => edit(args),
        What::Run(path, args) => {
            if command.digests == 0
                && let Some(file) = ground.files.writable(path, by)
            {
                return whole(format!(
                    "{} can write to {}, which it runs",
                    by.name, file.path
                ));
            }
            if path.starts_with('^') {
                let why = "a regular expression, of which it is not known what it covers";
                return Some(Danger {
                    whole: false,
                    why: why.to_owned(),
                });
            }
            if path.ends_with('/') || has_wildcard(path) {
                return pattern(path);
            }
            program(path, args, by, ground)
        }
    }
}

fn edit(args: &Args) -> Option<Danger> {
    match args {
        Args::Any | Args::Empty => Some(Danger {
            whole: true,
            why: "sudoedit without a file changes any file".to_owned(),
        }),
        Args::Are(files) => decisive(files).map(|file| Danger {
            whole: true,
            why: format!("whoever changes {file} decides who is root"),
        }),
    }
}

/// The first word that names a file which decides who is root.
fn decisive(args: &str) -> Option<&str> {
    let mut words = args.split_whitespace();
    words.find(|word| {
        let path = word.trim_start_matches(|c: char| c != '/');
        let is = |own: &str| {
            path.strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || !rest.starts_with(char::is_alphabetic))
        };
        !path.is_empty() && DECISIVE.iter().any(|own| is(own))
    })
}

/// A directory, or a path with wildcards.
fn pattern(path: &str) -> Option<Danger> {
    let dirs = [
        "/usr/bin",
        "/bin",
        "/usr/sbin",
        "/sbin",
        "/usr/local/bin",
        "/usr/local/sbin",
    ];
    let known = POWERS.iter().filter(|(power, _)| *power != Power::Reads);
    let covered = known
        .flat_map(|(_, names)| names.split_whitespace())
        .find(|name| {
            dirs.iter().any(|dir| match path.strip_suffix('/') {
                Some(own) => own == *dir,
                None => glob(path, &format!("{dir}/{name}"), true),
            })
        });
    match covered {
        Some(name) => Some(Danger {
            whole: true,
            why: format!("it covers {name} as well"),
        }),
        None => Some(Danger {
            whole: false,
            why: "whatever is put there later is covered as well".to_owned(),
        }),
    }
}

fn program(path: &str, args: &Args, by: &Caller, ground: &Ground) -> Option<Danger> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let whole = |why: &str| {
        Some(Danger {
            whole: true,
            why: format!("{name} {why}"),
        })
    };
    let (text, wild) = match args {
        Args::Any => (None, true),
        Args::Empty => (Some(""), false),
        Args::Are(text) => (
            Some(text.as_str()),
            has_wildcard(text) || text.starts_with('^'),
        ),
    };
    if name == "systemctl" {
        return systemctl(text, wild);
    }
    let wide = || {
        (wild && text.is_some()).then(|| Danger {
            whole: false,
            why: "the pattern covers any text, blanks and further arguments included".to_owned(),
        })
    };
    match power(path) {
        None => wide(),
        Some(Power::Opens) => whole("opens a shell from within"),
        Some(Power::Interpreter) => match text {
            Some(text) if !wild => script(name, text, by, ground),
            _ => whole("runs whatever it is given"),
        },
        Some(Power::Runs) if wild => whole("runs other programs by its arguments"),
        Some(Power::Writes) if wild => whole("changes files of the caller's choice"),
        Some(Power::Reads) if wild => whole("reads every file, password hashes included"),
        Some(Power::Runs | Power::Writes) => {
            let file = text.and_then(decisive)?;
            whole(&format!("changes {file}, which decides who is root"))
        }
        Some(Power::Reads) => {
            let shadow = text?.split_whitespace().any(|word| word.contains("shadow"));
            shadow.then(|| Danger {
                whole: true,
                why: format!("{name} shows password hashes"),
            })
        }
    }
}

/// An interpreter with fixed arguments: what matters is who can change the script.
fn script(name: &str, args: &str, by: &Caller, ground: &Ground) -> Option<Danger> {
    let whole = |why: String| Some(Danger { whole: true, why });
    let mut words = args.split_whitespace();
    let Some(first) = words.find(|word| !word.starts_with('-')) else {
        return whole(format!("{name} without a script is a shell"));
    };
    let inline = args
        .split_whitespace()
        .any(|word| matches!(word, "-c" | "-e" | "-m" | "-E"));
    if inline {
        return None;
    }
    if !first.starts_with('/') {
        return whole(format!(
            "{name} runs {first} of whatever directory it is called in"
        ));
    }
    let file = ground.files.writable(first, by)?;
    whole(format!(
        "{} can write to {}, which it runs",
        by.name, file.path
    ))
}

fn systemctl(args: Option<&str>, wild: bool) -> Option<Danger> {
    let whole = |why: &str| {
        Some(Danger {
            whole: true,
            why: why.to_owned(),
        })
    };
    let Some(args) = args else {
        return whole("systemctl without a unit starts, edits and links any");
    };
    let words: Vec<&str> = args.split_whitespace().collect();
    let plain: Vec<&&str> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let verb = plain.first().map_or("", |verb| **verb);
    let pages = matches!(
        verb,
        "" | "status"
            | "show"
            | "cat"
            | "help"
            | "list-units"
            | "list-unit-files"
            | "list-timers"
            | "list-jobs"
            | "list-dependencies"
            | "list-sockets"
            | "show-environment"
    );
    if has_wildcard(verb) || verb.starts_with('^') {
        return whole("systemctl with any verb edits and links any unit");
    }
    if matches!(
        verb,
        "edit" | "link" | "set-environment" | "import-environment" | "revert"
    ) {
        return whole("systemctl opens an editor on a unit, or takes any file for one")
            .filter(|_| verb != "revert");
    }
    if wild && !pages {
        return whole("systemctl with a pattern covers any unit, debug-shell among them");
    }
    if pages && !words.contains(&"--no-pager") {
        return whole(
            "systemctl shows it in a pager, which opens a shell where systemd is older than 247",
        );
    }
    None
}

/// The absolute paths whose files decide about a command: the program, and a script it is given.
pub fn paths(command: &Cmnd) -> Vec<String> {
    let mut all = Vec::new();
    if let What::Run(path, args) = &command.what
        && path.starts_with('/')
        && !has_wildcard(path)
    {
        all.push(path.clone());
        if let Args::Are(args) = args
            && power(path) == Some(Power::Interpreter)
        {
            let words = args.split_whitespace().filter(|word| word.starts_with('/'));
            all.extend(words.map(str::to_owned));
        }
    }
    all
}

/// Variables that make a program run code of whoever sets them.
#[must_use]
pub fn is_loader(variable: &str) -> bool {
    let names = [
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "LD_AUDIT",
        "PYTHONPATH",
        "PYTHONHOME",
        "PERL5LIB",
        "PERLLIB",
        "PERL5OPT",
        "RUBYLIB",
        "RUBYOPT",
        "BASH_ENV",
        "ENV",
        "NODE_OPTIONS",
        "R_PROFILE",
        "R_PROFILE_USER",
        "R_LIBS",
        "JAVA_TOOL_OPTIONS",
        "GIT_SSH_COMMAND",
    ];
    names.iter().any(|name| glob(variable, name, false))
}
