//! The program: parse, wire, map to an exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use benchwarden::base::exit::Exit;
use benchwarden::cli;
use benchwarden::cli::args::{Cli, Command};
use benchwarden::engine::local::Local;
use benchwarden::guard;
use benchwarden::host::root::{BadRoot, Root};
use benchwarden::host::{as_user, memory, shim};
use benchwarden::tui;
use clap::Parser as _;

fn main() -> ExitCode {
    // Called R, Rscript or python3: it becomes the one that is chosen for its caller.
    if let Some(failed) = shim::serve() {
        return failed;
    }
    // Started by itself for a job in a user's home: before anything else is done as root.
    if let Some(done) = as_user::serve() {
        return done;
    }
    memory::stay_small();
    let cli = Cli::parse();
    let exit = run(&cli).unwrap_or_else(|error| {
        if cli::reader_gone(&error) {
            return Exit::Done;
        }
        // Nobody is left to tell when this fails too.
        let _ = writeln!(std::io::stderr(), "benchwarden: {error:#}");
        if error.is::<BadRoot>() {
            Exit::Usage
        } else {
            Exit::Failed
        }
    });
    ExitCode::from(exit as u8)
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let root = match &cli.root {
        Some(dir) => Root::fixture(dir)?,
        None => Root::live(),
    };
    let engine = Local::new(root.clone());
    match &cli.verb {
        Some(Command::Verb(verb)) => cli::run(verb, &engine, &mut std::io::stdout().lock()),
        Some(Command::Guard) => {
            let refused = guard::run(&root)?;
            let _ = writeln!(std::io::stderr(), "benchwarden: {refused}");
            Ok(Exit::Refused)
        }
        None => tui::run(Arc::new(engine)),
    }
}
