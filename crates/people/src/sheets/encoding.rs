//! Which encoding a file is in, and the file as UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::Read;

/// Bytes with something beyond ASCII in them that the guess is made from.
const GUESS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Watches a file go by and then knows its encoding. All of it is watched, because one name far down the file is
/// often the only letter that is not ASCII.
pub(crate) struct EncodingScan {
    detector: EncodingDetector,
    head: Vec<u8>,
    guessed_from: usize,
    carry: Vec<u8>,
    valid_sequences: u64,
    invalid_bytes: u64,
    nulls: [u64; 2],
    seen: u64,
}

impl Default for EncodingScan {
    fn default() -> Self {
        Self {
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            head: Vec::new(),
            guessed_from: 0,
            carry: Vec::new(),
            valid_sequences: 0,
            invalid_bytes: 0,
            nulls: [0, 0],
            seen: 0,
        }
    }
}

impl EncodingScan {
    /// The next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.head.len() < 4 {
            self.head.extend(bytes.iter().take(4));
        }
        if self.seen < CHUNK_BYTES as u64 {
            for (place, byte) in bytes.iter().enumerate().take(CHUNK_BYTES) {
                if *byte == 0 {
                    self.nulls[usize::from((self.seen + place as u64) % 2 == 1)] += 1;
                }
            }
        }
        self.seen += bytes.len() as u64;
        if bytes.is_ascii() && self.carry.is_empty() {
            return;
        }
        if self.guessed_from < GUESS_BYTES_MAX {
            self.detector.feed(bytes, false);
            self.guessed_from += bytes.len();
        }
        let mut text = std::mem::take(&mut self.carry);
        text.extend_from_slice(bytes);
        self.count_utf8(&text);
    }

    fn count_utf8(&mut self, mut bytes: &[u8]) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => return self.count_valid(text.as_bytes()),
                Err(error) => {
                    self.count_valid(&bytes[..error.valid_up_to()]);
                    let rest = &bytes[error.valid_up_to()..];
                    let Some(bad) = error.error_len() else {
                        self.carry = rest.to_vec();
                        return;
                    };
                    self.invalid_bytes += bad as u64;
                    bytes = &rest[bad..];
                }
            }
        }
    }

    fn count_valid(&mut self, bytes: &[u8]) {
        self.valid_sequences += bytes.iter().filter(|byte| **byte >= 0xC0).count() as u64;
    }

    /// The encoding: what the byte order mark says, then UTF-16 by its zeros, then UTF-8 when nearly all of it is
    /// valid, then the detector's guess.
    pub(crate) fn finish(mut self) -> &'static Encoding {
        if let Some((encoding, _)) = Encoding::for_bom(&self.head) {
            return encoding;
        }
        let sampled = self.seen.min(CHUNK_BYTES as u64).max(1);
        if self.nulls[1] * 10 > sampled * 3 && self.nulls[0] * 20 < sampled {
            return UTF_16LE;
        }
        if self.nulls[0] * 10 > sampled * 3 && self.nulls[1] * 20 < sampled {
            return UTF_16BE;
        }
        self.invalid_bytes += self.carry.len() as u64;
        if self.invalid_bytes == 0 || self.valid_sequences > 50 * self.invalid_bytes {
            return UTF_8;
        }
        self.detector.feed(b"", true);
        self.detector.guess(None, Utf8Detection::Deny)
    }
}

/// The encoding that goes by a name (`utf-8`, `windows-1252`, `utf-16le`).
pub(crate) fn encoding_named(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes())
}

/// A file as UTF-8, without its byte order mark. Bytes that are not of the encoding become U+FFFD. Lone carriage
/// returns become line feeds, so that a line is a line everywhere.
pub(crate) struct Utf8<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    after_return: bool,
    done: bool,
}

impl<R: Read> Utf8<R> {
    /// Decodes `source`.
    pub(crate) fn new(source: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { source, decoder, input: vec![0; CHUNK_BYTES], after_return: false, done: false }
    }

    /// Appends the next piece to `out`; false at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn more(&mut self, out: &mut Vec<u8>) -> std::io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        let read = self.source.read(&mut self.input)?;
        self.done = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(read * 3 + 16);
        let start = out.len();
        out.resize(start + room, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&self.input[..read], &mut out[start..], self.done);
        out.truncate(start + written);
        self.unify_line_ends(out, start);
        Ok(!self.done || out.len() > start)
    }

    fn unify_line_ends(&mut self, out: &mut Vec<u8>, start: usize) {
        if !self.after_return && !out[start..].contains(&b'\r') {
            return;
        }
        let mut kept = start;
        for place in start..out.len() {
            let byte = out[place];
            let second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if second_half {
                continue;
            }
            out[kept] = if byte == b'\r' { b'\n' } else { byte };
            kept += 1;
        }
        out.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(bytes: &[u8]) -> &'static str {
        let mut scan = EncodingScan::default();
        bytes.chunks(7).for_each(|chunk| scan.feed(chunk));
        scan.finish().name()
    }

    fn decode(bytes: &[u8], encoding: &'static Encoding) -> String {
        let mut reader = Utf8::new(bytes, encoding);
        let mut out = Vec::new();
        while reader.more(&mut out).unwrap() {}
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn encodings_are_recognised() {
        assert_eq!(detect(b"name,city\nAda,London\n"), "UTF-8");
        assert_eq!(detect("name,city\nJosé,Köln\n".as_bytes()), "UTF-8");
        assert_eq!(detect("\u{feff}name\nx\n".as_bytes()), "UTF-8");
        let text = "name;Stadt\nJörg Müßig;Köln\nFrançois;Besançon — 5 €\nZoë;Málaga\n".repeat(4);
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
        assert_eq!(detect(&latin), "windows-1252");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&wide), "UTF-16LE");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(detect(&wide), "UTF-16BE");
        let marked: Vec<u8> = "\u{feff}a\tb\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&marked), "UTF-16LE");
        let cyrillic = "имя;город\nИван;Москва\nОльга Петровна;Санкт-Петербург\n".repeat(4);
        assert_eq!(detect(&encoding_rs::WINDOWS_1251.encode(&cyrillic).0), "windows-1251");
    }

    #[test]
    fn one_broken_byte_in_a_file_of_utf_8_does_not_make_it_latin() {
        let mut bytes = "Köln;Málaga;Łódź\n".repeat(100).into_bytes();
        bytes.extend_from_slice(b"J\xF6rg;x;y\n");
        assert_eq!(detect(&bytes), "UTF-8");
        assert!(decode(&bytes, UTF_8).contains("J\u{fffd}rg"));
    }

    #[test]
    fn marks_go_and_line_ends_become_one() {
        assert_eq!(decode("\u{feff}a\r\nb\rc\nd\r\n\r\ne".as_bytes(), UTF_8), "a\nb\nc\nd\n\ne");
        let wide: Vec<u8> = "\u{feff}é\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&wide, UTF_16BE), "é\n");
    }
}
