//! An event read where its bytes lie.
//!
//! The bytes are those of [`crate::Event`] in postcard: numbers as variable-length integers (signed ones zigzag), a choice as the
//! number of its variant, an option as 0 or 1 and the value, a text as its length and its bytes. They are read by hand, since most
//! readers want three of thirty texts, and every event is read several times.

use crate::error::LakeError;
use crate::event::{AgentClass, Col, Event, EventKind};

/// One event, its texts borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<'a> {
    /// When it happened: microseconds UTC.
    pub at: i64,
    /// When it was received: microseconds UTC.
    pub received_at: i64,
    /// Which call it came from.
    pub kind: EventKind,
    /// Who caused it.
    pub agent_class: AgentClass,
    /// Version of the channel rules that set its channel.
    pub channel_rule: u32,
    /// Value in micros of the currency's unit.
    pub value: Option<i64>,
    texts: [&'a str; Col::COUNT],
}

/// Reads from the front of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for (place, byte) in self.0.iter().enumerate().take(10) {
            let part = u64::from(byte & 0x7f);
            number |= part.checked_shl(7 * u32::try_from(place).ok()?)?;
            if byte & 0x80 == 0 {
                self.0 = &self.0[place + 1..];
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(usize::try_from(self.number()?).ok()?).copied()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// What stands before the texts.
    fn numbers(&mut self) -> Option<Stored<'a>> {
        Some(Stored {
            at: self.signed()?,
            received_at: self.signed()?,
            kind: self.one_of(&EventKind::ALL)?,
            agent_class: self.one_of(&AgentClass::ALL)?,
            channel_rule: u32::try_from(self.number()?).ok()?,
            value: match self.number()? {
                0 => None,
                1 => Some(self.signed()?),
                _ => return None,
            },
            texts: [""; Col::COUNT],
        })
    }
}

fn damaged() -> LakeError {
    LakeError::Data("the bytes are not an event".into())
}

impl<'a> Stored<'a> {
    /// Reads an event from the front of some bytes, and says what follows.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), LakeError> {
        let mut reader = Reader(bytes);
        let mut event = reader.numbers().ok_or_else(damaged)?;
        for text in &mut event.texts {
            *text = reader.text().ok_or_else(damaged)?;
        }
        Ok((event, reader.0))
    }

    /// Its moments and its message id alone.
    pub(crate) fn head(bytes: &'a [u8]) -> Result<Head<'a>, LakeError> {
        const { assert!(matches!(Col::ALL[0], Col::EventId)) };
        let mut reader = Reader(bytes);
        let numbers = reader.numbers().ok_or_else(damaged)?;
        let event_id = reader.text().ok_or_else(damaged)?;
        Ok(Head { at: numbers.at, received_at: numbers.received_at, event_id })
    }

    /// The text of a column.
    #[must_use]
    pub fn text(&self, column: Col) -> &'a str {
        self.texts[column as usize]
    }

    /// The same with another company.
    pub(crate) fn of_company(mut self, company: &'a str) -> Self {
        self.texts[Col::Company as usize] = company;
        self
    }

    /// The event with its place in the log and its person.
    #[must_use]
    pub fn event(&self, offset: u64, person: u64) -> Event {
        let mut event = Event {
            offset,
            person,
            at: self.at,
            received_at: self.received_at,
            kind: self.kind,
            agent_class: self.agent_class,
            channel_rule: self.channel_rule,
            value: self.value,
            ..Event::default()
        };
        for column in Col::ALL {
            self.text(*column).clone_into(event.text_mut(*column));
        }
        event
    }
}

/// What can be told of an event without reading all of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) at: i64,
    pub(crate) received_at: i64,
    pub(crate) event_id: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events() -> impl Strategy<Value = Event> {
        let numbers = (any::<i64>(), any::<i64>(), 0..6_usize, 0..4_usize, any::<u32>(), any::<Option<i64>>());
        (numbers, proptest::collection::vec(".{0,200}", Col::COUNT)).prop_map(|(numbers, texts)| {
            let (at, received_at, kind, class, channel_rule, value) = numbers;
            let (kind, agent_class) = (EventKind::ALL[kind], AgentClass::ALL[class]);
            let mut event = Event { at, received_at, kind, agent_class, channel_rule, value, ..Event::default() };
            for (column, text) in Col::ALL.iter().zip(texts) {
                *event.text_mut(*column) = text;
            }
            event
        })
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_postcard(event in events(), cut in 0.0..1.0_f64) {
            let mut bytes = postcard::to_stdvec(&event).unwrap();
            prop_assert_eq!(&bytes, &postcard::to_stdvec(&event.draft()).unwrap());
            bytes.extend_from_slice(b"next");
            let (stored, rest) = Stored::read(&bytes).unwrap();
            prop_assert_eq!(rest, b"next");
            prop_assert_eq!(&stored.event(0, 0), &event);
            let head = Stored::head(&bytes).unwrap();
            prop_assert_eq!((head.at, head.received_at, head.event_id), (event.at, event.received_at, event.event_id.as_str()));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
            let length = ((bytes.len() - 4) as f64 * cut) as usize;
            prop_assert!(Stored::read(&bytes[..length]).is_err());
        }

        #[test]
        fn any_bytes_are_read_as_postcard_reads_them_or_not_at_all(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((stored, _)) = Stored::read(&bytes) {
                let (event, _) = postcard::take_from_bytes::<Event>(&bytes).unwrap();
                prop_assert_eq!(stored.event(0, 0), event);
            }
        }
    }
}
