//! Messages that came over the bus, taken apart; `zbus` knows the encoding.

use zbus::OwnedVariant;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type};

/// The fixed part of a message: up to where its fields begin.
const FIXED: usize = 16;
/// Nothing that systemd tells us is longer.
const LONGEST: usize = 1 << 20;

/// Fields of a header that matter here, as the specification numbers them.
mod field {
    pub(super) const MEMBER: u8 = 3;
    pub(super) const ERROR: u8 = 4;
    pub(super) const REPLY_TO: u8 = 5;
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The answer to a call, by the call's number.
    Answer(u32, Answer),
    /// A call failed: its number, the name of the error, and what it says.
    Refused(u32, String, String),
    /// A job of systemd's ended: its unit, and how (`done`, `failed`, …).
    JobRemoved(String, String),
    /// Something else.
    Other,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Text, or the path of an object.
    Text(String),
    /// A number.
    Number(u32),
    /// Nothing, or what nobody asked for.
    Nothing,
}

/// These bytes are no message; the connection is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Garbled;

/// The first message in `bytes` and its length; `None` while its end has not come.
pub(super) fn first(bytes: &[u8]) -> Result<Option<(Heard, usize)>, Garbled> {
    let Some(fixed) = bytes.get(..FIXED) else {
        return Ok(None);
    };
    let endian = match fixed.first() {
        Some(b'l') => Endian::Little,
        Some(b'B') => Endian::Big,
        _ => return Err(Garbled),
    };
    let number = |at: usize| {
        let four = fixed.get(at..at + 4).and_then(|four| four.try_into().ok());
        let four = four.ok_or(Garbled)?;
        let number = match endian {
            Endian::Little => u32::from_le_bytes(four),
            Endian::Big => u32::from_be_bytes(four),
        };
        usize::try_from(number).map_err(|_| Garbled)
    };
    let (body, fields) = (number(4)?, number(12)?);
    if body > LONGEST || fields > LONGEST {
        return Err(Garbled);
    }
    let begin = (FIXED + fields).next_multiple_of(8);
    let Some(whole) = bytes.get(..begin + body) else {
        return Ok(None);
    };
    let header = whole.get(12..FIXED + fields).ok_or(Garbled)?;
    let header = Data::new(header, Context::new(endian, 12));
    let (fields, _): (Vec<(u8, OwnedVariant)>, usize) =
        header.deserialize().map_err(|_| Garbled)?;
    let body = Data::new(
        whole.get(begin..).ok_or(Garbled)?,
        Context::new(endian, begin),
    );
    let kind = fixed.get(1).copied();
    Ok(Some((meaning(kind, &fields, &body), whole.len())))
}

fn meaning(kind: Option<u8>, fields: &[(u8, OwnedVariant)], body: &Data<'_, '_>) -> Heard {
    let field = |number| fields.iter().find(|(n, _)| *n == number).map(|(_, v)| v);
    let text = |number| {
        let value = field(number)?;
        <&str>::try_from(value).ok().map(str::to_owned)
    };
    let reply_to = field(field::REPLY_TO).and_then(|value| u32::try_from(value).ok());
    match (kind, reply_to) {
        (Some(2), Some(to)) => Heard::Answer(to, answer(fields, body)),
        (Some(3), Some(to)) => {
            let name = text(field::ERROR).unwrap_or_default();
            Heard::Refused(to, name, read::<String>(body).unwrap_or_default())
        }
        (Some(4), _) if text(field::MEMBER).as_deref() == Some("JobRemoved") => {
            match read::<(u32, zbus::OwnedObjectPath, String, String)>(body) {
                Some((_, _, unit, result)) => Heard::JobRemoved(unit, result),
                None => Heard::Other,
            }
        }
        _ => Heard::Other,
    }
}

/// What a body holds, by the signature in the header.
fn answer(fields: &[(u8, OwnedVariant)], body: &Data<'_, '_>) -> Answer {
    const SIGNATURE: u8 = 8;
    let signature = fields.iter().find(|(number, _)| *number == SIGNATURE);
    let signature = signature.and_then(|(_, value)| <&Signature>::try_from(value).ok());
    match signature {
        Some(Signature::Variant) => read::<OwnedVariant>(body).map_or(Answer::Nothing, |value| {
            if let Ok(number) = u32::try_from(&value) {
                Answer::Number(number)
            } else if let Ok(text) = <&str>::try_from(&value) {
                Answer::Text(text.to_owned())
            } else {
                Answer::Nothing
            }
        }),
        Some(Signature::Str | Signature::ObjectPath) => {
            read(body).map_or(Answer::Nothing, Answer::Text)
        }
        Some(Signature::U32) => read(body).map_or(Answer::Nothing, Answer::Number),
        _ => Answer::Nothing,
    }
}

fn read<'d, T: serde::Deserialize<'d> + Type>(body: &'d Data<'_, '_>) -> Option<T> {
    body.deserialize_for_signature(T::SIGNATURE)
        .ok()
        .map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use zbus::message::Message;
    use zbus::{ObjectPath, Variant};

    const PATH: &str = "/org/freedesktop/systemd1";

    fn call() -> Message {
        let call = Message::method_call(PATH, "Get").serial(NonZeroU32::new(7).unwrap());
        call.build(&()).unwrap()
    }

    fn heard(message: &Message) -> Heard {
        let bytes = message.data().bytes();
        let (heard, length) = first(bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len());
        // A part of it is not enough, and what follows does not matter.
        for cut in 0..bytes.len() {
            assert_eq!(first(&bytes[..cut]), Ok(None), "{cut}");
        }
        let more = [bytes, b"l and more"].concat();
        assert_eq!(first(&more), Ok(Some((heard.clone(), length))));
        heard
    }

    #[test]
    fn answers_are_read_by_their_kind() {
        let call = call();
        let header = call.header();
        let answer = || Message::method_return(&header);
        let text = |text: &str| Heard::Answer(7, Answer::Text(text.to_owned()));
        let path = ObjectPath::try_from("/org/freedesktop/systemd1/job/9").unwrap();
        for (message, expected) in [
            (
                answer().build(&path),
                text("/org/freedesktop/systemd1/job/9"),
            ),
            (answer().build(&":1.7"), text(":1.7")),
            (answer().build(&Variant::from("alice")), text("alice")),
            (
                answer().build(&Variant::from(231u32)),
                Heard::Answer(7, Answer::Number(231)),
            ),
            (answer().build(&9u32), Heard::Answer(7, Answer::Number(9))),
            (answer().build(&()), Heard::Answer(7, Answer::Nothing)),
            (
                answer().build(&(1u32, 2u32)),
                Heard::Answer(7, Answer::Nothing),
            ),
            (
                answer().build(&Variant::from(true)),
                Heard::Answer(7, Answer::Nothing),
            ),
        ] {
            assert_eq!(heard(&message.unwrap()), expected);
        }
    }

    #[test]
    fn a_refusal_tells_why() {
        let call = call();
        let name = "org.freedesktop.systemd1.NoSuchUnit";
        let refusal = Message::error(&call.header(), name).build(&"Unit x.scope not found.");
        let expected = Heard::Refused(7, name.to_owned(), "Unit x.scope not found.".to_owned());
        assert_eq!(heard(&refusal.unwrap()), expected);
    }

    #[test]
    fn the_end_of_a_job_is_heard_and_other_signals_are_not() {
        let signal =
            |name: &str| Message::signal(PATH, "org.freedesktop.systemd1.Manager", name.to_owned());
        let job = ObjectPath::try_from("/org/freedesktop/systemd1/job/9").unwrap();
        let removed = signal("JobRemoved").build(&(9u32, job, "a.scope", "done"));
        let expected = Heard::JobRemoved("a.scope".to_owned(), "done".to_owned());
        assert_eq!(heard(&removed.unwrap()), expected);
        // Anybody can send a signal of that name with something else in it.
        assert_eq!(
            heard(&signal("JobRemoved").build(&"x").unwrap()),
            Heard::Other
        );
        assert_eq!(
            heard(&signal("Reloading").build(&true).unwrap()),
            Heard::Other
        );
    }

    #[test]
    fn what_is_no_message_ends_the_connection() {
        assert_eq!(first(b"GET / HTTP/1.1\r\n\r\n"), Err(Garbled));
        let endless = [b"l\x02\x00\x01".as_slice(), &[0xff; 12]].concat();
        assert_eq!(first(&endless), Err(Garbled));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), little: bool) {
            if let Some(first) = bytes.first_mut() {
                *first = if little { b'l' } else { b'B' };
            }
            let _ = first(&bytes);
        }

        #[test]
        fn a_message_with_one_byte_changed_is_read_or_refused(at in 0usize..200, to: u8) {
            let call = call();
            let message = Message::method_return(&call.header()).build(&Variant::from("alice")).unwrap();
            let mut bytes = message.data().bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = to;
            let _ = first(&bytes);
        }
    }
}
