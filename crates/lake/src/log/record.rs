//! One append as bytes: a framed, checked record of its events.
//!
//! ```text
//! mark · length of payload u32 · crc32 of what follows u32 · durable u64 · first offset u64 · events u32 · payload
//! ```
//!
//! The mark says whether the payload is the events (`MSRC`), or their length and then they themselves packed with LZ4
//! (`MSRZ`): the messages of one append repeat each other, and what is not written need not be synced.
//!
//! `durable` is how many bytes of the segment were known to be synced when the record was written. It tells a torn
//! tail from damage: what lies before the `durable` of a later record had been acknowledged.

pub(super) const HEADER: usize = 32;
const PLAIN: &[u8; 4] = b"MSRC";
const PACKED: &[u8; 4] = b"MSRZ";
/// Less than this is not worth packing.
const PACK_BYTES_MIN: usize = 512;
/// Longest payload: an append of a whole batch of the API is far below.
pub(super) const PAYLOAD_MAX: usize = 256 << 20;

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) is_packed: bool,
    pub(super) crc: u32,
    pub(super) durable: u64,
    pub(super) first: u64,
    pub(super) events: u32,
}

/// The payload of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) bytes: Vec<u8>,
    pub(super) is_packed: bool,
}

/// Packs events where that makes them smaller.
pub(super) fn pack(events: &[u8]) -> Payload {
    if events.len() >= PACK_BYTES_MIN {
        let packed = lz4_flex::block::compress_prepend_size(events);
        if packed.len() < events.len() {
            // Copied, since it has room for what cannot be packed at all.
            return Payload { bytes: packed.as_slice().into(), is_packed: true };
        }
    }
    Payload { bytes: events.to_vec(), is_packed: false }
}

/// The events of a payload.
pub(super) fn unpack(is_packed: bool, payload: Vec<u8>) -> Result<Vec<u8>, String> {
    if !is_packed {
        return Ok(payload);
    }
    let length = payload.get(..4).map(|bytes| u32::from_le_bytes(number(bytes, 0)) as usize);
    let length = length.filter(|length| *length <= PAYLOAD_MAX).ok_or("its length is none")?;
    lz4_flex::block::decompress(&payload[4..], length).map_err(|error| error.to_string())
}

/// Adds a record to a buffer.
pub(super) fn frame(buffer: &mut Vec<u8>, (durable, first): (u64, u64), count: u32, payload: &Payload) {
    let (mark, payload) = (if payload.is_packed { PACKED } else { PLAIN }, payload.bytes.as_slice());
    buffer.extend_from_slice(mark);
    buffer.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(0).to_le_bytes());
    let crc_at = buffer.len();
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&durable.to_le_bytes());
    buffer.extend_from_slice(&first.to_le_bytes());
    buffer.extend_from_slice(&count.to_le_bytes());
    buffer.extend_from_slice(payload);
    let crc = crc32fast::hash(&buffer[crc_at + 4..]);
    buffer[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut number = [0; N];
    number.copy_from_slice(&bytes[at..at + N]);
    number
}

/// Reads a head; none when the bytes are not one.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let mark = bytes.get(..4).filter(|mark| bytes.len() >= HEADER && (*mark == PLAIN || *mark == PACKED))?;
    let head = Head {
        is_packed: mark == PACKED,
        length: u32::from_le_bytes(number(bytes, 4)) as usize,
        crc: u32::from_le_bytes(number(bytes, 8)),
        durable: u64::from_le_bytes(number(bytes, 12)),
        first: u64::from_le_bytes(number(bytes, 20)),
        events: u32::from_le_bytes(number(bytes, 28)),
    };
    (head.length <= PAYLOAD_MAX).then_some(head)
}

/// Whether the bytes of head and payload are what was written.
pub(super) fn is_sound(head: &Head, head_bytes: &[u8], payload: &[u8]) -> bool {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&head_bytes[12..HEADER]);
    hasher.update(payload);
    hasher.finalize() == head.crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_back_packed_or_not() {
        let repeated = b"{\"type\":\"track\",\"event\":\"Seen\"}".repeat(100);
        let noise: Vec<u8> =
            (0..100_u64).flat_map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()).to_le_bytes()).collect();
        for (events, is_packed) in [(&b"short"[..], false), (&repeated, true), (&noise, false)] {
            let mut buffer = Vec::new();
            frame(&mut buffer, (7, 21), 3, &pack(events));
            let head = head(&buffer).unwrap();
            assert_eq!((head.is_packed, head.durable, head.first, head.events), (is_packed, 7, 21, 3));
            let payload = buffer[HEADER..].to_vec();
            assert!(is_sound(&head, &buffer, &payload));
            assert_eq!(unpack(head.is_packed, payload).unwrap(), events);
        }
        assert!(unpack(true, vec![255; 4]).is_err() && unpack(true, vec![1]).is_err());
    }
}
