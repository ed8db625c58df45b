//! Why a line is not taken as a key. No message repeats what was handed in, since it may be a
//! secret; only a word that can be nothing but the name of a type is named.

/// Why a line is not taken as a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// There is nothing.
    #[error("there is no key: the text is empty")]
    Empty,
    /// The half that must stay secret.
    #[error(
        "this is a PRIVATE key: it must never leave its owner's machine, and whoever saw it can \
         log in as its owner; nothing was stored, ask for a new pair and take its .pub file"
    )]
    Private,
    /// A public key in another program's format.
    #[error(
        "this is a public key in another format; convert it with ssh-keygen -i and take what that prints"
    )]
    OtherFormat,
    /// More than one line.
    #[error("the text has several lines; a key is one line, so give one key at a time")]
    SeveralLines,
    /// Longer than a key can be.
    #[error("the line is longer than {max} bytes, longer than any key")]
    TooLong {
        /// What fits.
        max: usize,
    },
    /// Characters that have no place in a line of text.
    #[error("the line holds control characters; copy the key again from its .pub file")]
    Control,
    /// Text in front of the key.
    #[error(
        "there are options in front of the key, and they decide what it may do; leave them out, or ask for them to be kept"
    )]
    Options,
    /// Options were promised and are not there.
    #[error("there are no options in front of the key")]
    NoOptions,
    /// Options that cannot be shown as they are.
    #[error("the options in front of the key hold characters that cannot be shown")]
    HostileOptions,
    /// A key that signs for others.
    #[error(
        "cert-authority lets in everyone whom this key signs for; put it into sshd's configuration if that is meant"
    )]
    Authority,
    /// A certificate.
    #[error(
        "this is a certificate, not a key: it expires, and sshd ignores it here; take the .pub file without -cert"
    )]
    Certificate,
    /// A name that sshd does not know, or that is not for keys of people.
    #[error(
        "{name} is no type of key that sshd takes; ask for an Ed25519 key (ssh-keygen -t ed25519)"
    )]
    UnknownType {
        /// The name, of letters, digits, `-`, `_`, `.` and `@`.
        name: String,
    },
    /// No type of key where one should be.
    #[error("the line does not start with a type of key, such as ssh-ed25519")]
    NoType,
    /// The key itself is missing, cut or altered.
    #[error(
        "the key is cut or altered: what follows {name} is not a whole key of that type; copy it again from its .pub file"
    )]
    Garbled {
        /// The type it says it is.
        name: &'static str,
    },
    /// A kind that is broken.
    #[error(
        "DSA keys are broken and no current sshd takes them; ask for an Ed25519 key (ssh-keygen -t ed25519)"
    )]
    Dsa,
    /// Too few bits.
    #[error(
        "RSA with {bits} bits can be broken; ask for an Ed25519 key (ssh-keygen -t ed25519) or RSA with 3072 bits or more"
    )]
    Short {
        /// How many it has.
        bits: u32,
    },
}
