//! What rules are compared with: the host's name and addresses, netgroups, links between
//! directories, and who can change the files that rules name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use rustix::fs::FileType;

use crate::base::text::printable;
use crate::host::collect;
use crate::host::command;
use crate::host::root::Root;
use crate::model::sudo::ground::{FileFacts, Triple};
use crate::model::sudo::{HostName, Name, Rule};

const PATIENCE: Duration = Duration::from_secs(2);
/// So many links in a row no path has.
const LINKS: usize = 40;

/// The host's name, whole where `/etc/hosts` tells it.
pub(super) fn host_name(root: &Root) -> String {
    let name = collect::host_name(root);
    if name.contains('.') {
        return name;
    }
    let hosts = root.peek("/etc/hosts").unwrap_or_default();
    let whole = hosts.lines().find_map(|line| {
        let line = line.split('#').next()?;
        let mut names = line.split_whitespace().skip(1);
        let first = names.next()?;
        let is_own = first == name || names.any(|other| other == name);
        (is_own && first.contains('.')).then(|| first.to_owned())
    });
    whole.unwrap_or(name)
}

/// The addresses of this host.
pub(super) fn addresses(root: &Root) -> Vec<IpAddr> {
    let mut all = BTreeSet::new();
    let trie = root.peek("/proc/net/fib_trie").unwrap_or_default();
    let mut last: Option<IpAddr> = None;
    for line in trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL") {
            all.extend(last);
        }
    }
    let v6 = root.peek("/proc/net/if_inet6").unwrap_or_default();
    let digits = v6.lines().filter_map(|line| line.split_whitespace().next());
    let v6 = digits.filter_map(|digits| u128::from_str_radix(digits, 16).ok());
    all.extend(v6.map(|bits| IpAddr::V6(Ipv6Addr::from(bits))));
    // sudo leaves the loopback out.
    all.into_iter().filter(|own| !own.is_loopback()).collect()
}

/// The netgroups that rules name, as NSS tells them.
pub(super) fn netgroups(
    root: &Root,
    rules: &[Rule],
    partial: &mut Vec<String>,
) -> BTreeMap<String, Vec<Triple>> {
    let of_people = rules.iter().flat_map(|rule| &rule.who);
    let of_people = of_people.filter_map(|item| match &item.what {
        Name::Netgroup(net) => Some(net.clone()),
        _ => None,
    });
    let of_hosts = rules.iter().flat_map(|rule| &rule.hosts);
    let of_hosts = of_hosts.filter_map(|item| match &item.what {
        HostName::Netgroup(net) => Some(net.clone()),
        _ => None,
    });
    let names: BTreeSet<String> = of_people.chain(of_hosts).collect();
    let mut all = BTreeMap::new();
    let getent = root.find_executable("getent").filter(|_| root.is_live());
    for name in names {
        let plain = !name.starts_with('-') && !name.contains(['/', '\0']);
        let asked = getent.as_deref().filter(|_| plain);
        let asked = asked.map(|getent| command::run(getent, &["netgroup", &name], PATIENCE));
        match asked {
            Some(Ok(out)) if out.code == Some(0) => {
                let text = String::from_utf8_lossy(&out.stdout).into_owned();
                all.insert(name, triples(&text));
            }
            _ => partial.push(format!(
                "the netgroup {} is not known here: who is in it is not told",
                printable(name.as_bytes(), 100)
            )),
        }
    }
    all
}

/// `name (host,user,domain) (host,user,domain)`.
fn triples(text: &str) -> Vec<Triple> {
    let parts = text.split('(').skip(1);
    let triple = |part: &str| {
        let inner = part.split(')').next()?;
        let mut fields = inner.split(',').map(|field| {
            let field = field.trim();
            (!field.is_empty()).then(|| field.to_owned())
        });
        Some((fields.next()?, fields.next()?, fields.next()?))
    };
    parts.filter_map(triple).collect()
}

/// Directories of programs that are links, as `/bin` on a merged `/usr`.
pub(super) fn links(root: &Root) -> Vec<(String, String)> {
    let dirs = ["/bin", "/sbin", "/lib", "/lib64", "/usr/sbin"];
    let link = |dir: &&str| {
        let to = root.link(dir)?.into_string().ok()?;
        let to = if to.starts_with('/') {
            to
        } else {
            let parent = dir.rsplit_once('/').map_or("", |(parent, _)| parent);
            format!("{parent}/{to}")
        };
        Some(((*dir).to_owned(), to.trim_end_matches('/').to_owned()))
    };
    dirs.iter().filter_map(link).collect()
}

/// Every directory on the way to a file, and the file, links followed; what is not there ends it.
pub(super) fn way(root: &Root, path: &str) -> Vec<FileFacts> {
    let mut all = Vec::new();
    let mut left: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
    let mut at = String::new();
    let mut links = 0;
    while let Some(part) = left.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = format!("{at}/{part}");
        let Ok(stat) = rustix::fs::lstat(root.path(&next)) else {
            return all;
        };
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            links += 1;
            let Some(to) = root.link(&next).and_then(|to| to.into_string().ok()) else {
                return all;
            };
            if links > LINKS {
                return all;
            }
            if to.starts_with('/') {
                at.clear();
            }
            left.extend(to.rsplit('/').map(str::to_owned));
            continue;
        }
        all.push(FileFacts {
            path: next.clone(),
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode,
        });
        at = next;
    }
    all
}

/// Where else sudo looks for rules, which are not seen here.
pub(super) fn other_sources(root: &Root) -> Option<String> {
    let switch = root.peek("/etc/nsswitch.conf")?;
    let line = switch
        .lines()
        .find_map(|line| line.trim().strip_prefix("sudoers:"))?;
    let line = line.split('#').next().unwrap_or(line);
    let others: Vec<&str> = line
        .split_whitespace()
        .filter(|word| *word != "files" && !word.starts_with('['))
        .collect();
    // The package asks for it on every host; without the service nobody answers.
    let asked = others.iter().any(|word| match *word {
        "sss" => root.exists("/etc/sssd/sssd.conf"),
        _ => true,
    });
    (asked && !others.is_empty()).then(|| {
        format!(
            "sudo takes rules from {} as well, by /etc/nsswitch.conf; those are not seen here",
            printable(others.join(", ").as_bytes(), 100)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_netgroup_names_hosts_and_people() {
        let found = triples("ops  (web,alice,) (,bob,example.org)\n");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(found[0], (text("web"), text("alice"), None));
        assert_eq!(found[1], (None, text("bob"), text("example.org")));
    }
}
