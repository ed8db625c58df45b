//! The note for a newcomer, after `user add`.

use std::io::Write;

use crate::base::exit::Exit;
use crate::base::text::printable;
use crate::engine::welcome::TEMPLATE;
use crate::host::output;
use crate::plan::people::welcome::{PLACEHOLDERS, Welcome};

/// What the help says of it.
pub(super) fn about_the_note() -> String {
    let mut text = format!(
        "When the account is made, a note for the newcomer follows, without any password. A site\n\
         writes its own into {TEMPLATE}, which only root may be able to write.\n\
         What stands in braces there is filled in; {{{{ is a brace:\n"
    );
    for (name, what) in PLACEHOLDERS {
        let name = format!("{{{name}}}");
        text.push_str(&format!("  {name:<13} {what}\n"));
    }
    text
}

/// Prints the note.
pub(super) fn show(note: &Welcome, out: &mut dyn Write) -> std::io::Result<()> {
    write!(out, "\n{}", note.text)?;
    out.flush()
}

/// Tells what is wrong with the template.
pub(super) fn remark(note: &Welcome, errors: &mut dyn Write) -> std::io::Result<()> {
    for remark in &note.remarks {
        let remark = printable(remark.as_bytes(), 2000);
        writeln!(errors, "benchwarden: welcome note: {remark}")?;
    }
    Ok(())
}

/// Says that nothing is done, because the file for the note is there.
pub(super) fn is_in_the_way(file: &str) -> anyhow::Result<Exit> {
    let file = printable(file.as_bytes(), 2000);
    writeln!(
        std::io::stderr(),
        "benchwarden: refused: {file} is there already; name a new file for the note. Nothing was done"
    )?;
    Ok(Exit::Refused)
}

/// Writes the note into a new file.
pub(super) fn keep(file: &str, note: &Welcome) -> anyhow::Result<Exit> {
    let mut errors = std::io::stderr().lock();
    match output::new_file(file, &note.text) {
        Ok(path) => {
            let path = printable(path.as_os_str().as_encoded_bytes(), 2000);
            writeln!(errors, "the welcome note is in {path}")?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let file = printable(file.as_bytes(), 2000);
            writeln!(
                errors,
                "benchwarden: the account is made, but the welcome note cannot be written to {file}: {error}"
            )?;
            Ok(Exit::Failed)
        }
    }
}
