//! A password on its way from whoever typed it to the tool that hashes it: in no plan, no receipt,
//! no log and no message.

use std::fmt;

/// Text that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "(secret)");
    }
}
