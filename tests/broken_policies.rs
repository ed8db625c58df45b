//! Five hundred broken policy files, made of good ones: each is an error on the line that was
//! broken, and nothing of any of them counts.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use benchwarden::policy::parse::{Problem, Source, policy};

/// Files without a comment, in which every line but blank ones means something.
const GOOD: [&str; 3] = [
    "[host]
reserve_memory = \"10%\"
reserve_tasks = 500

[admins]
groups = [\"sudo\", \"domain users\"]
users = [\"dana\"]

[limits.default]
cpu_quota = \"400%\"
cpu_weight = 100
memory_high = \"35%\"
memory_max = \"40%\"
memory_swap_max = \"0\"
tasks_max = 4096
io_weight = 100

[limits.group.modelling]
memory_max = \"60%\"
io_read_bandwidth_max = [\"50M\", \"/scratch 100M\"]
io_write_iops_max = \"5K\"

[limits.user.alice]
memory_max = \"200G\"
until = 2030-12-01T00:00:00Z
",
    "[limits.user.\"first.last\"]
disk_soft = \"150G\"
disk_hard = \"200G\"
inodes_soft = 400000
inodes_hard = 500000
ip_deny = [\"any\"]
ip_allow = [\"10.0.0.0/8\", \"localhost\", \"fd00::/8\"]
tasks_max = { value = \"33%\", until = 2030-12-01T00:00:00Z }

[sudo.grant.restart-shiny]
users = [\"alice\"]
groups = [\"leads\"]
commands = [\"/usr/bin/systemctl restart shiny-server\", \"/usr/bin/journalctl\"]
as = \"root\"
nopasswd = false
until = 2030-12-01T00:00:00Z
reason = \"the nightly restart fails\"

[runtimes]
r = \"4.5.0\"
python = \"3.13\"

[runtimes.group.legacy]
r = \"4.2.2\"

[roles]
viewer = { groups = [\"leads\"] }
operator = { users = [\"dana\"] }
admin = { groups = [\"sudo\"] }
",
    "[guard]
adopt = [\"cron.service\", \"rstudio-server.service\"]
leave = [\"spawned-*.service\"]
never = [\"backup.service\"]
others = \"adopt\"

[guard.pressure.tell]
cpu = \"80%\"
memory = \"10%\"
io = \"50%\"
after = \"2s\"
again = \"10m\"

[guard.pressure.throttle]
memory = \"20%\"
after = \"10s\"
for = \"5m\"
at_most = \"2h\"
forget = \"24h\"
limits = { cpu_quota = \"100%\", io_weight = 10 }

[guard.pressure.freeze]
memory = \"40%\"
for = \"2m\"

[guard.pressure.kill]
memory = \"60%\"
",
];

/// A broken file, what was done to it, and the line that has to be told.
struct Broken {
    how: &'static str,
    bytes: Vec<u8>,
    line: usize,
}

/// Always the same numbers.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What is done to a line `KEY = VALUE` or `[TABLE]`; `None` where it cannot be done to it.
type Mutation = fn(&str, &mut Chance) -> Option<Vec<u8>>;

const MUTATIONS: [(&str, Mutation); 17] = [
    ("a slip in the key", |line, chance| {
        let (key, value) = line.split_once(" = ")?;
        let at = chance.below(key.len());
        let mut slipped = key.to_owned();
        slipped.insert(at, *chance.of(&['x', 'q', 'z']));
        Some(format!("{slipped} = {value}").into_bytes())
    }),
    ("a slip in the table", |line, chance| {
        let name = line.strip_prefix('[')?;
        let first = name.find(['.', ']'])?;
        let at = chance.below(first + 1);
        Some(format!("[{}q{}", &name[..at], &name[at..]).into_bytes())
    }),
    ("another type", |line, chance| {
        let (key, _) = line.split_once(" = ")?;
        let of = ["1.5", "{ a = { b = 1 } }", "12:30:00", "[[1]]", "-1", "inf"];
        Some(format!("{key} = {}", chance.of(&of)).into_bytes())
    }),
    ("a bad value", |line, chance| {
        let (key, _) = line.split_once(" = ")?;
        let of = ["\"lots\\u0007\"", "\"-5%:\"", "\"\"", "\"\\u001b[31m\""];
        Some(format!("{key} = {}", chance.of(&of)).into_bytes())
    }),
    ("a huge number", |line, chance| {
        let (key, _) = line.split_once(" = ")?;
        let digits = "9".repeat(20 + chance.below(400));
        Some(format!("{key} = {digits}").into_bytes())
    }),
    ("more than all", |line, _| {
        let (key, value) = line.split_once(" = ")?;
        (value.ends_with("%\"") && key != "cpu_quota")
            .then(|| format!("{key} = \"101%\"").into_bytes())
    }),
    ("a bad date", |line, chance| {
        let (key, value) = line.split_once(" = ")?;
        let of = [
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-12-01",
            "\"tomorrow\"",
            "2026-12-01T00:00:00",
            "2026-12-01T25:00:00Z",
        ];
        value
            .starts_with("20")
            .then(|| format!("{key} = {}", chance.of(&of)).into_bytes())
    }),
    ("the key twice", |line, _| {
        line.contains(" = ")
            .then(|| format!("{line} #\n{line}").into_bytes())
    }),
    ("a string without its end", |line, _| {
        let end = line.rfind('"').filter(|_| !line.starts_with('['))?;
        Some(line.as_bytes()[..end].to_vec())
    }),
    ("no equals sign", |line, _| {
        Some(line.split_once(" = ")?.0.as_bytes().to_vec())
    }),
    ("no value", |line, _| {
        Some(format!("{} =", line.split_once(" = ")?.0).into_bytes())
    }),
    ("a control byte", |line, chance| {
        let at = chance.below(line.len());
        let mut bytes = line.as_bytes().to_vec();
        bytes.insert(at, *chance.of(&[0, 1, 7, 8, 27, 127]));
        Some(bytes)
    }),
    ("a control byte in a comment", |line, chance| {
        let mut bytes = format!("{line} # why").into_bytes();
        bytes.push(*chance.of(&[0, 7, 27, 127]));
        Some(bytes)
    }),
    ("no UTF-8", |line, chance| {
        let at = chance.below(line.len());
        let mut bytes = line.as_bytes().to_vec();
        bytes.insert(at, *chance.of(&[0xff, 0xfe, 0x80, 0xc0]));
        Some(bytes)
    }),
    ("a bracket too many", |line, _| {
        Some(format!("{line} ]").into_bytes())
    }),
    ("a table without its end", |line, _| {
        line.starts_with('[')
            .then(|| line.as_bytes()[..line.len() - 1].to_vec())
    }),
    ("another line's words", |line, chance| {
        let of = [
            "include \"/etc/passwd\"",
            "<<<<<<< HEAD",
            "key: value",
            "; ini",
            "export X=1",
        ];
        (!line.is_empty()).then(|| (*chance.of(&of)).as_bytes().to_vec())
    }),
];

fn five_hundred() -> Vec<Broken> {
    let mut chance = Chance(20_261_121);
    let mut all = Vec::new();
    while all.len() < 450 {
        let (how, mutate) = MUTATIONS[all.len() % MUTATIONS.len()];
        let lines: Vec<&str> = chance.of(&GOOD).lines().collect();
        let at = chance.below(lines.len());
        if lines[at].is_empty() {
            continue;
        }
        let Some(line) = mutate(lines[at], &mut chance) else {
            continue;
        };
        // Twice means that the second one is told.
        let more = if how == "the key twice" { 1 } else { 0 };
        let mut bytes = Vec::new();
        for (number, good) in lines.iter().enumerate() {
            bytes.extend(if number == at {
                line.as_slice()
            } else {
                good.as_bytes()
            });
            bytes.push(b'\n');
        }
        all.push(Broken {
            how,
            bytes,
            line: at + 1 + more,
        });
    }
    while all.len() < 500 {
        // Cut off in the middle of a value: the last line is told.
        let text = *chance.of(&GOOD);
        let cut = chance.below(text.len());
        let begun = text[..cut].lines().last().unwrap_or("");
        let open = begun.matches('"').count() % 2 == 1
            || begun.ends_with(['=', '[', '{', ','])
            || begun.ends_with(" =");
        if open {
            let bytes = text.as_bytes()[..cut].to_vec();
            all.push(Broken {
                how: "cut off",
                line: text[..cut].lines().count(),
                bytes,
            });
        }
    }
    all
}

fn refused(bytes: &[u8]) -> Result<Vec<Problem>, String> {
    let name = "policy.toml";
    match policy(&[Source {
        name: name.into(),
        bytes: bytes.to_vec(),
    }]) {
        Err(problems) => Ok(problems),
        Ok(policy) => Err(format!("{policy:#?}")),
    }
}

#[test]
fn the_files_they_are_made_of_are_good() {
    for text in GOOD {
        assert!(
            refused(text.as_bytes()).is_err(),
            "{:#?}",
            refused(text.as_bytes())
        );
    }
}

#[test]
fn each_is_an_error_on_the_line_that_was_broken() {
    let all = five_hundred();
    assert_eq!(all.len(), 500);
    let mut samples: BTreeMap<&str, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for broken in &all {
        let text = String::from_utf8_lossy(&broken.bytes);
        let problems = match refused(&broken.bytes) {
            Ok(problems) => problems,
            Err(read) => {
                wrong.push(format!(
                    "{}: line {} is read:\n{text}\n{read}",
                    broken.how, broken.line
                ));
                continue;
            }
        };
        let first = &problems[0];
        if first.line != broken.line || first.column == 0 || first.what.is_empty() {
            wrong.push(format!(
                "{}: line {} expected, got {problems:#?} in\n{text}",
                broken.how, broken.line
            ));
        }
        for problem in &problems {
            let shown = format!("{problem}{}", problem.excerpt);
            assert!(!shown.contains(|c: char| c.is_control()), "{shown:?}");
        }
        samples
            .entry(broken.how)
            .or_insert_with(|| format!("{first}\n    {}\n", first.excerpt));
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n---\n")
    );
    let told: String = samples
        .iter()
        .map(|(how, said)| format!("{how}:\n  {said}\n"))
        .collect();
    insta::assert_snapshot!(told);
}
