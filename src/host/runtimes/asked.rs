//! Interpreters asked whether they run: only those that nobody but root can have put there, as
//! nobody, with a time limit and a clean environment, and with their answer cut short.

use std::sync::Mutex;
use std::time::Duration;

use crate::base::text::printable;
use crate::host::command::{CommandError, Output, run_as_nobody};
use crate::host::patience::within;
use crate::host::root::Root;
use crate::model::runtimes::version::Version;
use crate::model::runtimes::{Found, Language, Origin, Runs, parse};

/// How long an answer may take: R starts in a quarter of a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// What an end that does not come is given beyond the time.
const GRACE: Duration = Duration::from_secs(2);
/// How many are asked at once.
const AT_ONCE: usize = 4;
/// How much of a complaint is told.
const COMPLAINT: usize = 160;
/// What Python is asked.
const QUESTION: &str = "import sys; print('.'.join(map(str, sys.version_info[:3])))";

/// Asks all of the host's interpreters, some at a time; the answers are in their order.
pub(super) fn all(root: &Root, found: &[Found]) -> Vec<Runs> {
    let answers: Vec<Mutex<Runs>> = found
        .iter()
        .map(|found| Mutex::new(may_be_asked(root, found).map_or_else(Runs::NotAsked, waiting)))
        .collect();
    let next = Mutex::new(0..found.len());
    let take = || next.lock().ok().and_then(|mut next| next.next());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(at) = take() {
                    let (Some(found), Some(answer)) = (found.get(at), answers.get(at)) else {
                        return;
                    };
                    let Ok(mut answer) = answer.lock() else {
                        continue;
                    };
                    if *answer == waiting(()) {
                        *answer = ask(found.language, &found.path);
                    }
                }
            });
        }
    });
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.into_inner().unwrap_or(waiting(())))
        .collect()
}

/// What stands where no answer is yet.
fn waiting((): ()) -> Runs {
    Runs::NotAsked("it was not its turn")
}

fn may_be_asked(root: &Root, found: &Found) -> Result<(), &'static str> {
    if !root.is_live() {
        return Err("a tree of files is looked at and never run");
    }
    if !found.roots && !found.open {
        return Err("nothing is there that everybody could start");
    }
    if !found.roots {
        return Err("others than root may write it, or a directory above it");
    }
    if !found.open {
        return Err("only root may reach it");
    }
    // Version 2 knows no way to be asked alone, and a virtual environment is another's.
    let old = |version: &Version| Version::parse("3").is_some_and(|three| *version < three);
    let is_two = found.language == Language::Python && found.version.as_ref().is_some_and(old);
    if is_two || found.origin == Origin::Venv {
        return Err("only R and Python 3 themselves are asked");
    }
    Ok(())
}

/// Asks one; it is not trusted with more than the answer.
pub(super) fn ask(language: Language, path: &str) -> Runs {
    let args: &'static [&'static str] = match language {
        Language::R => &["--version"],
        Language::Python => &["-I", "-S", "-B", "-c", QUESTION],
    };
    let program = path.to_owned();
    let said = within(PATIENCE + GRACE, move || {
        run_as_nobody(&program, args, PATIENCE)
    });
    match said {
        Some(Ok(output)) => understood(language, &output),
        Some(Err(error @ CommandError::Start { .. })) => Runs::No(error.to_string()),
        Some(Err(_)) | None => Runs::No(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn understood(language: Language, output: &Output) -> Runs {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = match language {
        Language::R => parse::r_says(&text),
        Language::Python => {
            let first = text.lines().next().unwrap_or_default();
            Version::parse(first.trim()).map(|version| (version, None))
        }
    };
    match (output.code, said) {
        (Some(0), Some((version, day))) => Runs::Yes(version, day),
        (Some(0), None) => Runs::No(format!(
            "it told no version but {}",
            printable(text.trim().as_bytes(), COMPLAINT)
        )),
        (code, _) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let last = complaint.lines().rfind(|line| !line.trim().is_empty());
            let last = printable(last.unwrap_or_default().trim().as_bytes(), COMPLAINT);
            let status = code.map_or_else(
                || "it was killed".to_owned(),
                |code| format!("it ended with {code}"),
            );
            Runs::No(match last.is_empty() {
                true => status,
                false => format!("{status}: {last}"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: Option<i32>, stdout: &[u8], stderr: &[u8]) -> Output {
        Output {
            code,
            stdout: stdout.to_vec(),
            stderr: stderr.to_vec(),
        }
    }

    #[test]
    fn an_answer_is_a_version_and_nothing_else_is() {
        let python = |output: Output| understood(Language::Python, &output);
        assert_eq!(
            python(said(Some(0), b"3.11.2\n", b"")),
            Runs::Yes(Version::parse("3.11.2").unwrap(), None)
        );
        let Runs::No(why) = python(said(Some(0), b"\x1b]0;owned\x07\n", b"")) else {
            panic!("control characters are no version");
        };
        assert!(!why.contains(['\u{1b}', '\u{7}']), "{why:?}");
        let Runs::No(why) = python(said(Some(127), b"", b"x\nld.so: libz.so: \x1b[31mgone\n"))
        else {
            panic!("it failed");
        };
        assert_eq!(why, "it ended with 127: ld.so: libz.so: \\x1b[31mgone");
        assert_eq!(
            python(said(None, b"3.11.2\n", b"")),
            Runs::No("it was killed".to_owned())
        );
    }

    #[test]
    fn one_that_is_not_there_does_not_run() {
        let Runs::No(why) = ask(Language::R, "/nonexistent/bin/R") else {
            panic!("nothing is there");
        };
        assert!(why.starts_with("cannot start /nonexistent/bin/R"), "{why}");
    }
}
