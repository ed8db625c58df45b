//! Whether a rule is about somebody, a host, a target or a command, as sudoers(5) has it: of every
//! list the last item that matches decides.

use std::net::IpAddr;

use super::ground::{Caller, Ground};
use super::{Args, HostName, Item, Name, Rule, Spec, What};

/// What a list says, the last match first; `None` where nothing in it matches.
pub fn decide<T>(list: &[Item<T>], mut hit: impl FnMut(&T) -> bool) -> Option<bool> {
    let last = list.iter().rev().find(|item| hit(&item.what));
    last.map(|item| !item.negated)
}

/// Whether a name means this person.
#[must_use]
pub fn is_meant(name: &Name, who: &Caller, ground: &Ground) -> bool {
    match name {
        Name::All => true,
        // What no alias is called is a name.
        Name::User(user) | Name::Alias(user) => *user == who.name,
        Name::Uid(uid) => *uid == who.uid,
        Name::Group(group) => who.groups.iter().any(|(name, _)| name == group),
        Name::Gid(gid) => who.groups.iter().any(|(_, own)| own == gid),
        Name::Netgroup(net) => in_netgroup(net, &who.name, ground),
        Name::Foreign(_) => false,
    }
}

fn in_netgroup(net: &str, user: &str, ground: &Ground) -> bool {
    let triples = ground.netgroups.get(net).into_iter().flatten();
    let mut hosts = triples.filter(|(_, name, _)| name.as_deref().is_none_or(|name| name == user));
    hosts.any(|(host, ..)| {
        let host = host.as_deref();
        host.is_none_or(|host| host == ground.host || host == ground.short())
    })
}

/// Through which item of a user list a rule is about somebody.
#[must_use]
pub fn through<'a>(list: &'a [Item<Name>], who: &Caller, ground: &Ground) -> Option<&'a Name> {
    let last = list
        .iter()
        .rev()
        .find(|item| is_meant(&item.what, who, ground))?;
    (!last.negated).then_some(&last.what)
}

/// Whether a rule counts on this host.
#[must_use]
pub fn is_here(hosts: &[Item<HostName>], ground: &Ground) -> bool {
    let hit = |host: &HostName| match host {
        HostName::All => true,
        HostName::Named(pattern) | HostName::Alias(pattern) => {
            let own = if pattern.contains('.') {
                ground.host.as_str()
            } else {
                ground.short()
            };
            glob(&pattern.to_lowercase(), &own.to_lowercase(), false)
        }
        HostName::Address(address) => ground.addresses.iter().any(|own| in_network(address, *own)),
        HostName::Netgroup(net) => {
            let triples = ground.netgroups.get(net).into_iter().flatten();
            let mut hosts = triples.map(|(host, ..)| host.as_deref());
            hosts.any(|host| host.is_none_or(|host| host == ground.host || host == ground.short()))
        }
    };
    decide(hosts, hit) == Some(true)
}

/// `10.0.0.7`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fe80::/10`.
fn in_network(network: &str, own: IpAddr) -> bool {
    let (base, mask) = match network.split_once('/') {
        Some((base, mask)) => (base, Some(mask)),
        None => (network, None),
    };
    let Ok(base) = base.parse::<IpAddr>() else {
        return false;
    };
    let (base, own, width) = match (base, own) {
        (IpAddr::V4(base), IpAddr::V4(own)) => {
            (u128::from(u32::from(base)), u128::from(u32::from(own)), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(own)) => (u128::from(base), u128::from(own), 128_u32),
        _ => return false,
    };
    let bits = match mask {
        None => width,
        Some(mask) => match (mask.parse::<u32>(), mask.parse::<IpAddr>()) {
            (Ok(bits), _) if bits <= width => bits,
            (_, Ok(IpAddr::V4(mask))) => u32::from(mask).leading_ones(),
            _ => return false,
        },
    };
    let drop = width - bits;
    drop >= 128 || base >> drop == own >> drop
}

/// A target: a user, a group, or both.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// As whom; `None` where only a group is asked for.
    pub user: Option<&'a Caller>,
    /// With which group, by name and gid.
    pub group: Option<(&'a str, u32)>,
}

/// Whether the commands of a spec may run as somebody.
#[must_use]
pub fn runs_as(spec: &Spec, caller: &Caller, target: Target<'_>, ground: &Ground) -> bool {
    let user = match (&spec.users, target.user) {
        (None, None) => true,
        (None, Some(user)) if spec.groups.is_some() => user.uid == caller.uid,
        (None, Some(user)) => user.uid == 0,
        (Some(_), None) => true,
        (Some(list), Some(user)) => {
            let hit = |name: &Name| match name {
                Name::User(name) if name.is_empty() => user.uid == caller.uid,
                name => is_meant(name, user, ground),
            };
            decide(list, hit) == Some(true)
        }
    };
    let Some((group, gid)) = target.group else {
        return user;
    };
    let hit = |name: &Name| match name {
        Name::All => true,
        Name::User(name) | Name::Group(name) => name == group,
        Name::Uid(id) | Name::Gid(id) => *id == gid,
        _ => false,
    };
    let in_list = spec.groups.as_ref().and_then(|list| decide(list, hit));
    let own = target
        .user
        .is_some_and(|user| user.groups.iter().any(|(_, own)| *own == gid));
    user && (in_list == Some(true) || (in_list.is_none() && own))
}

/// Whether a command in a rule covers a call.
#[must_use]
pub fn covers(what: &What, program: &str, args: &str, ground: &Ground) -> bool {
    match what {
        What::All => true,
        What::Edit(allowed) => program == "sudoedit" && args_match(allowed, args, true),
        What::List => program == "list",
        What::Run(path, allowed) => {
            program.starts_with('/')
                && path_matches(path, program, ground)
                && args_match(allowed, args, false)
        }
        What::Alias(_) => false,
    }
}

fn path_matches(path: &str, program: &str, ground: &Ground) -> bool {
    let (own, asked) = (ground.real(path), ground.real(program));
    if let Some(dir) = own.strip_suffix('/') {
        return asked
            .rsplit_once('/')
            .is_some_and(|(parent, _)| parent == dir);
    }
    if path.starts_with('^') {
        // A regular expression is told as such by whoever asks; it is no match here.
        return false;
    }
    own == asked || has_wildcard(path) && (glob(path, program, true) || glob(&own, &asked, true))
}

fn args_match(allowed: &Args, args: &str, is_path: bool) -> bool {
    match allowed {
        Args::Any => true,
        Args::Empty => args.is_empty(),
        Args::Are(pattern) if pattern.starts_with('^') => false,
        Args::Are(pattern) => glob(pattern, args, is_path),
    }
}

/// Whether a text of a rule has a wildcard of glob(7) that is not escaped.
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let wild = !escaped && matches!(c, '*' | '?' | '[');
        escaped = c == '\\' && !escaped;
        wild
    })
}

/// `fnmatch(3)`; with `in_path` a wildcard does not match `/`.
#[must_use]
pub fn glob(pattern: &str, text: &str, in_path: bool) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // The place to go back to: behind the last star, and one character further in the text.
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some('*'), _) => {
                back = Some((p + 1, t));
                p += 1;
                continue;
            }
            (Some('?'), Some(c)) if !(in_path && *c == '/') => Some(p + 1),
            (Some('['), Some(c)) => match class(&pattern, p, *c) {
                Some((true, next)) if !(in_path && *c == '/') => Some(next),
                Some(_) => None,
                None => (*c == '[').then_some(p + 1),
            },
            (Some('\\'), Some(c)) if pattern.get(p + 1) == Some(c) => Some(p + 2),
            (Some(own), Some(c)) if own == c && *own != '\\' => Some(p + 1),
            _ => None,
        };
        match (step, back) {
            (Some(next), _) => (p, t) = (next, t + 1),
            (None, Some((star, from))) => {
                match text.get(from) {
                    Some(c) if !(in_path && *c == '/') => {}
                    _ => return false,
                }
                back = Some((star, from + 1));
                (p, t) = (star, from + 1);
            }
            (None, None) => return false,
        }
    }
}

/// Whether a character is of the class that begins at a `[`, and where the class ends.
fn class(pattern: &[char], at: usize, c: char) -> Option<(bool, usize)> {
    let mut i = at + 1;
    let not = matches!(pattern.get(i), Some('!' | '^'));
    i += usize::from(not);
    let first = i;
    let mut hit = false;
    loop {
        let mut low = *pattern.get(i)?;
        if low == ']' && i > first {
            return Some((hit != not, i + 1));
        }
        if low == '[' && pattern.get(i + 1) == Some(&':') {
            let end = (i + 2..pattern.len()).find(|at| pattern[*at] == ':')?;
            let name: String = pattern[i + 2..end].iter().collect();
            hit |= match name.as_str() {
                "alnum" => c.is_alphanumeric(),
                "alpha" => c.is_alphabetic(),
                "digit" => c.is_ascii_digit(),
                "lower" => c.is_lowercase(),
                "upper" => c.is_uppercase(),
                "space" => c.is_whitespace(),
                "punct" => c.is_ascii_punctuation(),
                "xdigit" => c.is_ascii_hexdigit(),
                _ => false,
            };
            i = end + 2;
            continue;
        }
        if low == '\\' {
            i += 1;
            low = *pattern.get(i)?;
        }
        let mut high = low;
        if pattern.get(i + 1) == Some(&'-') && pattern.get(i + 2).is_some_and(|c| *c != ']') {
            high = *pattern.get(i + 2)?;
            i += 2;
        }
        hit |= (low..=high).contains(&c);
        i += 1;
    }
}

/// What sudo answers to a call: the last rule whose command covers it decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Whether it may run.
    pub allowed: bool,
    /// The rule that says so.
    pub rule: &'a Rule,
    /// And its part.
    pub spec: &'a Spec,
}

/// Whether somebody may run a command; `None` where no rule speaks of it.
#[must_use]
pub fn asked<'a>(
    rules: &'a [Rule],
    caller: &Caller,
    target: Target<'_>,
    (program, args): (&str, &str),
    ground: &Ground,
) -> Option<Verdict<'a>> {
    for rule in rules.iter().rev() {
        if through(&rule.who, caller, ground).is_none() || !is_here(&rule.hosts, ground) {
            continue;
        }
        for spec in rule.specs.iter().rev() {
            if !in_time(spec, ground) || !runs_as(spec, caller, target, ground) {
                continue;
            }
            let hit = |item: &&Item<super::Cmnd>| covers(&item.what.what, program, args, ground);
            if let Some(item) = spec.commands.iter().rev().find(hit) {
                return Some(Verdict {
                    allowed: !item.negated,
                    rule,
                    spec,
                });
            }
        }
    }
    None
}

/// Whether a spec counts now.
#[must_use]
pub fn in_time(spec: &Spec, ground: &Ground) -> bool {
    let begun = spec.tags.not_before.is_none_or(|at| ground.now >= at);
    begun && spec.tags.not_after.is_none_or(|at| ground.now <= at)
}
