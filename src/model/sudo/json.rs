//! What `cvtsudoers -f json -e` says of a tree: its rules, without places.

use serde::Deserialize;
use serde_json::Value;

use super::{Cmnd, HostName, Item, Name, Rule, Spec, Tags, parse};

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "User_Specs", default)]
    rules: Vec<UserSpec>,
}

#[derive(Deserialize)]
struct UserSpec {
    #[serde(rename = "User_List", default)]
    users: Vec<Value>,
    #[serde(rename = "Host_List", default)]
    hosts: Vec<Value>,
    #[serde(rename = "Cmnd_Specs", default)]
    specs: Vec<CmndSpec>,
}

#[derive(Deserialize)]
struct CmndSpec {
    runasusers: Option<Vec<Value>>,
    runasgroups: Option<Vec<Value>>,
    #[serde(rename = "Options", default)]
    options: Vec<Value>,
    #[serde(rename = "Commands", default)]
    commands: Vec<Value>,
}

/// The rules of a document.
///
/// # Errors
/// When it is none.
pub fn rules(bytes: &[u8]) -> Result<Vec<Rule>, serde_json::Error> {
    let text = super::lines::text(bytes);
    let document: Document = serde_json::from_str(&mended(&text))?;
    Ok(document.rules.iter().map(rule).collect())
}

/// The same with the braces that sudo leaves out around `runcwd` and others, and the comma
/// behind a list of which only an undefined alias was in it; seen in 1.9.13.
fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let inner = line.trim();
        let next = lines.peek().map_or("", |next| next.trim());
        let is_bare = |key: &&str| {
            let rest = inner
                .strip_prefix('"')
                .and_then(|rest| rest.strip_prefix(*key));
            rest.is_some_and(|rest| rest.starts_with("\":"))
        };
        if ["runcwd", "runchroot", "role", "type"].iter().any(is_bare) {
            let (pair, comma) = match inner.strip_suffix(',') {
                Some(pair) => (pair, ","),
                None => (inner, ""),
            };
            out += &format!("{{ {pair} }}{comma}\n");
        } else if inner == "]" && next.starts_with('"') {
            out += "],\n";
        } else {
            out += line;
        }
    }
    out
}

fn rule(spec: &UserSpec) -> Rule {
    Rule {
        who: items(&spec.users, name),
        hosts: items(&spec.hosts, host),
        specs: spec.specs.iter().map(commands).collect(),
        place: None,
    }
}

fn commands(spec: &CmndSpec) -> Spec {
    let mut tags = Tags::default();
    for (key, value) in spec.options.iter().filter_map(Value::as_object).flatten() {
        let flag = value.as_bool();
        let moment = || value.as_str().and_then(parse::moment);
        match key.as_str() {
            "authenticate" => tags.password = flag,
            "setenv" => tags.setenv = flag,
            "noexec" => tags.noexec = flag,
            "notbefore" => tags.not_before = moment(),
            "notafter" => tags.not_after = moment(),
            _ => {}
        }
    }
    Spec {
        users: spec.runasusers.as_ref().map(|list| items(list, name)),
        groups: spec.runasgroups.as_ref().map(|list| items(list, name)),
        tags,
        commands: items(&spec.commands, command),
    }
}

fn items<T>(list: &[Value], one: fn(&str, &Value) -> Option<T>) -> Vec<Item<T>> {
    let item = |value: &Value| {
        let object = value.as_object()?;
        let negated = object.get("negated").and_then(Value::as_bool) == Some(true);
        let what = object.iter().find_map(|(key, value)| one(key, value))?;
        Some(Item { what, negated })
    };
    list.iter().filter_map(item).collect()
}

fn name(key: &str, value: &Value) -> Option<Name> {
    let number = || u32::try_from(value.as_i64()?).ok();
    let text = || value.as_str().map(str::to_owned);
    Some(match key {
        "username" if value == "ALL" => Name::All,
        "username" => Name::User(text()?),
        "userid" => Name::Uid(number()?),
        "usergroup" if value == "ALL" => Name::All,
        "usergroup" => Name::Group(text()?),
        "usergid" => Name::Gid(number()?),
        "netgroup" => Name::Netgroup(text()?),
        "nonunixgroup" => Name::Foreign(text()?),
        "nonunixgid" => Name::Foreign(format!("#{value}")),
        "useralias" | "runasalias" => Name::Alias(text()?),
        _ => return None,
    })
}

fn host(key: &str, value: &Value) -> Option<HostName> {
    let text = value.as_str()?.to_owned();
    Some(match key {
        "hostname" if text == "ALL" => HostName::All,
        "hostname" => HostName::Named(text),
        "networkaddr" => HostName::Address(text),
        "netgroup" => HostName::Netgroup(text),
        "hostalias" => HostName::Alias(text),
        _ => return None,
    })
}

fn command(key: &str, value: &Value) -> Option<Cmnd> {
    match key {
        "command" => Some(Cmnd {
            what: parse::command(value.as_str()?),
            digests: 0,
        }),
        "cmndalias" => Some(Cmnd {
            what: super::What::Alias(value.as_str()?.to_owned()),
            digests: 0,
        }),
        _ => None,
    }
}

/// Whether two readings of one rule say the same of who may do what.
#[must_use]
pub fn agree(one: &Rule, other: &Rule) -> bool {
    hosts(&one.hosts) == hosts(&other.hosts)
        && names(&one.who) == names(&other.who)
        && flat(one) == flat(other)
}

/// Aliases that are defined nowhere are left out by `cvtsudoers`.
fn hosts(list: &[Item<HostName>]) -> Vec<&Item<HostName>> {
    let defined = |item: &&Item<HostName>| !matches!(item.what, HostName::Alias(_));
    list.iter().filter(defined).collect()
}

/// Within a runas group list a bare name and a `%` name are the same to `cvtsudoers`.
fn names(list: &[Item<Name>]) -> Vec<(bool, String)> {
    let text = |name: &Name| match name {
        Name::Foreign(name) => format!("%:{name}"),
        other => format!("{other:?}"),
    };
    let defined = list
        .iter()
        .filter(|item| !matches!(item.what, Name::Alias(_)));
    defined
        .map(|item| (item.negated, text(&item.what)))
        .collect()
}

/// Command by command, since either reading may put several together.
fn flat(rule: &Rule) -> Vec<String> {
    let runas = |list: &Option<Vec<Item<Name>>>| {
        let listed = list.iter().flatten();
        let defined = listed.filter(|item| !matches!(item.what, Name::Alias(_)));
        let words = defined.map(|item| {
            let name = match &item.what {
                Name::Group(name) | Name::User(name) => name.clone(),
                Name::Gid(id) | Name::Uid(id) => format!("#{id}"),
                other => format!("{other:?}"),
            };
            format!("{}{name}", if item.negated { "!" } else { "" })
        });
        words.collect::<Vec<_>>().join(",")
    };
    let specs = rule.specs.iter();
    specs
        .flat_map(|spec| {
            let (users, groups) = (runas(&spec.users), runas(&spec.groups));
            let tags = &spec.tags;
            let listed = spec.commands.iter();
            let defined = listed.filter(|item| !matches!(item.what.what, super::What::Alias(_)));
            defined.map(move |item| {
                format!(
                    "({users}:{groups}) {:?} {:?} {:?} {} {:?}",
                    tags.password, tags.not_before, tags.not_after, item.negated, item.what.what
                )
            })
        })
        .collect()
}

/// The rules of `cvtsudoers` with the places of our own reading, as far as both tell of equally
/// many; and how many they tell apart.
#[must_use]
pub fn placed(mut theirs: Vec<Rule>, ours: &[Rule]) -> (Vec<Rule>, usize) {
    if theirs.len() != ours.len() {
        let apart = theirs.len().abs_diff(ours.len());
        return (theirs, apart);
    }
    let mut apart = 0;
    for (rule, own) in theirs.iter_mut().zip(ours) {
        rule.place.clone_from(&own.place);
        if agree(rule, own) {
            // The same, and with digests told from others.
            *rule = own.clone();
        } else {
            apart += 1;
        }
    }
    (theirs, apart)
}
