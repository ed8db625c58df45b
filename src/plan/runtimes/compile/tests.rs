use super::*;
use crate::model::runtimes::table::{Because, Caller};
use crate::model::runtimes::{Found, Runs};
use crate::policy::parse::{Source, policy};

fn runtime(language: Language, version: &str, path: &str, origin: Origin) -> Runtime {
    let found = Found {
        language,
        version: Version::parse(version),
        path: path.to_owned(),
        real: format!("{path}.real"),
        script: (language == Language::R).then(|| format!("{path}script")),
        prefix: format!("/p/{version}"),
        origin,
        built: None,
        size: None,
        libraries: Vec::new(),
        roots: true,
        open: true,
        broken: Vec::new(),
    };
    Runtime::new(found, None, Runs::NotAsked("x"))
}

fn known() -> Known {
    let mut python = runtime(
        Language::Python,
        "3.11.2",
        "/usr/bin/python3.11",
        Origin::Distribution,
    );
    python.pointed_by = vec!["/usr/bin/python3".into()];
    Known {
        runtimes: vec![
            runtime(Language::R, "4.5.0", "/opt/R/4.5.0/bin/R", Origin::Opt),
            runtime(
                Language::R,
                "4.2.2",
                "/usr/lib/R/bin/R",
                Origin::Distribution,
            ),
            runtime(Language::R, "4.1.0", "/opt/R/4.1.0/bin/R", Origin::Opt),
            runtime(
                Language::Python,
                "3.13.1",
                "/opt/python/3.13.1/bin/python3",
                Origin::Opt,
            ),
            python,
        ],
        users: BTreeMap::from([("ada".to_owned(), 1001)]),
        groups: BTreeMap::from([("legacy".to_owned(), 3000), ("new".to_owned(), 3001)]),
        first_person: 1000,
        before: BTreeMap::new(),
    }
}

fn compiled(text: &str, known: &Known) -> (Option<Table>, Vec<String>) {
    let source = Source {
        name: "/etc/benchwarden/policy.toml".into(),
        bytes: text.as_bytes().to_vec(),
    };
    table(&policy(&[source]).unwrap(), known)
}

fn path(table: &Table, language: Language, uid: u32, gids: &[u32]) -> String {
    let wish = None;
    let given = table.given(language, Caller { uid, gids, wish });
    given.unwrap().program.path.clone()
}

#[test]
fn everybody_gets_what_the_policy_says_and_the_system_what_it_had() {
    let text = "[runtimes]\nr = \"4.5\"\n[runtimes.group.legacy]\nr = \"4.1\"\n\
                [runtimes.user.ada]\nr = \"4.2.2\"\n";
    let (table, vain) = compiled(text, &known());
    let table = table.unwrap();
    assert!(vain.is_empty(), "{vain:?}");
    let r = |uid, gids: &[u32]| path(&table, Language::R, uid, gids);
    assert_eq!(r(1002, &[1002]), "/opt/R/4.5.0/bin/R");
    assert_eq!(r(1002, &[1002, 3000]), "/opt/R/4.1.0/bin/R");
    assert_eq!(r(1001, &[3000]), "/usr/lib/R/bin/R");
    assert_eq!(r(0, &[0]), "/usr/lib/R/bin/R");
    let all = Caller {
        uid: 1002,
        gids: &[],
        wish: None,
    };
    assert_eq!(
        table.given(Language::Python, all),
        None,
        "nothing is chosen of it"
    );
}

#[test]
fn who_chooses_nothing_keeps_what_they_had() {
    let mut known = known();
    known
        .before
        .insert(Language::R, "/opt/R/4.1.0/bin/R.real".to_owned());
    let text = "[runtimes.group.new]\nr = \"4.5.0\"\npython = \"3.13\"\n";
    let table = compiled(text, &known).0.unwrap();
    assert_eq!(path(&table, Language::R, 1002, &[]), "/opt/R/4.1.0/bin/R");
    assert_eq!(path(&table, Language::R, 33, &[]), "/usr/lib/R/bin/R");
    let python = |uid, gids: &[u32]| path(&table, Language::Python, uid, gids);
    assert_eq!(
        python(1002, &[]),
        "/usr/bin/python3",
        "by the distribution's own name"
    );
    assert_eq!(python(1002, &[3001]), "/opt/python/3.13.1/bin/python3");
}

#[test]
fn a_later_file_wins_and_groups_come_in_the_order_of_the_files() {
    let text = "[runtimes.group.new]\nr = \"4.5.0\"\n[runtimes.group.legacy]\nr = \"4.1\"\n";
    let table = compiled(text, &known()).0.unwrap();
    assert_eq!(
        path(&table, Language::R, 1002, &[3001, 3000]),
        "/opt/R/4.1.0/bin/R"
    );
}

#[test]
fn what_is_in_vain_is_told_with_its_line_and_the_rest_counts() {
    let text = "[runtimes]\nr = \"4.9\"\n[runtimes.user.zoe]\nr = \"4.5.0\"\n\
                [runtimes.group.new]\npython = \"3.13\"\n";
    let (table, vain) = compiled(text, &known());
    assert_eq!(table.unwrap().choices.len(), 1);
    let told = vain.join("\n");
    assert!(
        told.contains("policy.toml:2 chooses R 4.9, and no such version"),
        "{told}"
    );
    assert!(
        told.contains("[runtimes.user.zoe]") && told.contains("about nobody"),
        "{told}"
    );
    assert_eq!(compiled("", &known()), (None, Vec::new()));
}

#[test]
fn without_a_distributions_own_the_system_gets_what_everybody_gets() {
    let mut known = known();
    known
        .runtimes
        .retain(|one| one.origin != Origin::Distribution);
    let table = compiled("[runtimes]\nr = \"4.5\"\n", &known).0.unwrap();
    assert_eq!(path(&table, Language::R, 0, &[]), "/opt/R/4.5.0/bin/R");
    let table = compiled("[runtimes.user.ada]\nr = \"4.5\"\n", &known)
        .0
        .unwrap();
    let root = Caller {
        uid: 0,
        gids: &[],
        wish: None,
    };
    assert_eq!(table.given(Language::R, root), None);
    assert_eq!(
        table
            .given(Language::R, Caller { uid: 1001, ..root })
            .unwrap()
            .because,
        Because::Chosen(Whom::User(1001))
    );
}
