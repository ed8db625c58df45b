use super::*;
use proptest::prelude::*;

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

#[test]
fn a_description_is_read_with_its_continuation_lines() {
    let text = "Package: base\nVersion: 4.2.2\nDescription: Base R\n  functions\n\tand more\n\
                Built: R 4.2.2; ; 2023-04-03 09:12:11 UTC; unix\n\nVersion: 9.9.9\n";
    assert_eq!(dcf(text, "Version").as_deref(), Some("4.2.2"));
    assert_eq!(
        dcf(text, "Description").as_deref(),
        Some("Base R functions and more")
    );
    assert_eq!(dcf(text, "Suggests"), None);
    assert_eq!(built(text).as_deref(), Some("2023-04-03"));
    assert_eq!(built("Built: nonsense\n"), None);
}

#[test]
fn the_script_of_r_says_where_r_is() {
    for (script, expected) in [
        (
            "#!/bin/sh\nR_HOME_DIR=/usr/lib/R\nif x\n",
            Some("/usr/lib/R"),
        ),
        (
            "unset RHOME; R_HOME_DIR=/opt/R/4.5.0/lib/R\n",
            Some("/opt/R/4.5.0/lib/R"),
        ),
        ("R_HOME_DIR=\"/opt/my\"; export X\n", Some("/opt/my")),
        ("# R_HOME_DIR=/no\nR_HOME_DIR=${x}/R\n", None),
        ("MY_R_HOME_DIR=/no\n", None),
        ("", None),
    ] {
        assert_eq!(r_home_dir(script).as_deref(), expected, "{script}");
    }
}

#[test]
fn interpreters_tell_their_version_in_many_ways() {
    let said = "R version 4.2.2 Patched (2022-11-10 r83330) -- \"Innocent and Trusting\"\n";
    let day = "2022-11-10".to_owned();
    assert_eq!(r_says(said), Some((version("4.2.2"), Some(day))));
    assert_eq!(r_says("bash: R: not found"), None);
    let header = "#define PY_MAJOR_VERSION 3\n#define PY_VERSION      \t\"3.11.2+\"\n";
    assert_eq!(patchlevel(header), Some(version("3.11.2")));
    assert_eq!(python_name("python3.11"), Some(version("3.11")));
    assert_eq!(python_name("python3.13t"), Some(version("3.13")));
    assert_eq!(python_name("python3.11-config"), None);
    assert_eq!(
        pyvenv("home = /usr/bin\nversion = 3.11.2\n"),
        (Some("/usr/bin".to_owned()), Some(version("3.11.2")))
    );
    assert_eq!(
        conda_record("python-3.12.1-hab00c5b_1_cpython.json", "python"),
        Some(version("3.12.1"))
    );
    assert_eq!(
        conda_record("python-dateutil-2.8.2-py_0.json", "python"),
        None
    );
    for (name, expected) in [
        ("cpython-3.12.1-linux-x86_64-gnu", Some("3.12.1")),
        ("R-4.1.0", Some("4.1.0")),
        ("4.5.0", Some("4.5.0")),
        ("current", None),
    ] {
        assert_eq!(directory(name), expected.map(version), "{name}");
    }
}

#[test]
fn a_kernel_is_what_jupyter_would_run() {
    let json = br#"{"argv":["/usr/bin/python3","-m","ipykernel_launcher"],
        "display_name":"Python 3","language":"python","metadata":{"debugger":true}}"#;
    let spec = kernel(json).unwrap();
    assert_eq!(spec.argv[0], "/usr/bin/python3");
    assert_eq!(spec.language, "python");
    for bad in [
        "{}",
        "[]",
        "{\"argv\":[]}",
        "{\"argv\":[1]}",
        "{\"argv\":\"x\"}",
        "\u{0}",
    ] {
        assert_eq!(kernel(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn the_last_setting_of_rstudio_counts() {
    let text = "www-port=8787\n#rsession-which-r=/no\nrsession-which-r = /opt/R/4.2.2/bin/R\n";
    let which = |text| setting(text, "rsession-which-r");
    assert_eq!(which(text).as_deref(), Some("/opt/R/4.2.2/bin/R"));
    assert_eq!(which("rsession-which-r=\n"), None);
    let text = "/opt/R/4.1.0\n\nPath: /opt/R/4.2.2\nLabel: legacy\n# /no\n";
    assert_eq!(r_versions(text), ["/opt/R/4.1.0", "/opt/R/4.2.2"]);
}

#[test]
fn site_libraries_are_those_that_count_where_nobody_says_otherwise() {
    let text = "R_LIBS_SITE=\"/usr/local/lib/R/site-library/:${R_HOME}/library:%U\"\n";
    let four = version("4.2.2");
    assert_eq!(
        r_libs_site(text, "/usr/lib/R", Some(&four)),
        ["/usr/local/lib/R/site-library", "/usr/lib/R/library"]
    );
    let text = "R_LIBS_SITE=${R_LIBS_SITE-'/srv/R/%v:${HOME}/x'}\n";
    assert_eq!(r_libs_site(text, "/usr/lib/R", Some(&four)), ["/srv/R/4.2"]);
    assert_eq!(r_libs_site("", "/usr/lib/R", None), [""; 0]);
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_fail(text in "(?s).{0,200}", key in "[A-Z_]{1,8}") {
        let _ = (dcf(&text, &key), built(&text), r_home_dir(&text), r_says(&text));
        let _ = (patchlevel(&text), python_name(&text), pyvenv(&text), directory(&text));
        let _ = (kernel(text.as_bytes()), setting(&text, &key), conda_record(&text, "python"));
        for path in r_versions(&text) {
            prop_assert!(path.starts_with('/'));
        }
        for dir in r_libs_site(&text, "/r", None) {
            prop_assert!(dir.starts_with('/') || dir.is_empty());
        }
    }

    #[test]
    fn a_home_that_is_told_is_an_absolute_path(text in "[ -~\n]{0,80}R_HOME_DIR=[ -~\n]{0,80}") {
        if let Some(home) = r_home_dir(&text) {
            prop_assert!(home.starts_with('/') && !home.contains(['$', '\n', ' ']));
        }
    }
}
