//! The console.
/// x
pub fn run(_e: &dyn crate::engine::Engine) -> anyhow::Result<crate::cli::Exit> {
    Ok(crate::cli::Exit::Done)
}
