//! Who asks for a change, and from where.

use serde::{Deserialize, Serialize};

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The name behind the login uid, or of who runs the program where there was no login.
    pub user: String,
    /// The login uid of the kernel's audit; `None` for what no login started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_uid: Option<u32>,
    /// Who called sudo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    /// The terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// Where the ssh client is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Actor {
    /// In a few words: `ada (sudo) on pts/0 from 10.0.2.2`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = self.user.clone();
        if self.sudo_user.is_some() {
            words.push_str(" (sudo)");
        }
        for (word, value) in [(" on ", &self.tty), (" from ", &self.from)] {
            if let Some(value) = value {
                words.push_str(word);
                words.push_str(value);
            }
        }
        words
    }
}
