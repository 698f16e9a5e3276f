//! Texts as small numbers, so that a fold compares integers.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// Texts numbered in the order they were first seen; number 0 is the empty text.
#[derive(Clone)]
pub struct Dict {
    texts: Vec<Box<str>>,
    index: HashTable<u32>,
    /// Bytes of the texts.
    bytes: usize,
}

impl std::fmt::Debug for Dict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dict({} texts)", self.texts.len())
    }
}

impl Default for Dict {
    fn default() -> Self {
        Self::new()
    }
}

impl Dict {
    /// Only the empty text.
    #[must_use]
    pub fn new() -> Self {
        let mut dict = Self { texts: Vec::new(), index: HashTable::new(), bytes: 0 };
        dict.intern("");
        dict
    }

    /// With the literals of a fold: literal `i` has the code `i + 1`.
    pub(crate) fn with_literals(literals: &[String]) -> Self {
        let mut dict = Self::new();
        for (place, literal) in literals.iter().enumerate() {
            let code = dict.intern(literal);
            debug_assert_eq!(code as usize, place + 1, "literals must differ and not be empty");
        }
        dict
    }

    /// The code of the literal at this place of [`crate::Fold::literals`].
    #[must_use]
    pub const fn literal(place: usize) -> u32 {
        place as u32 + 1
    }

    /// The code of a text; a new one when it was not seen before.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = xxh3_64(text.as_bytes());
        let texts = &self.texts;
        if let Some(code) = self.index.find(hash, |code| *texts[*code as usize] == *text) {
            return *code;
        }
        let code = u32::try_from(self.texts.len()).unwrap_or(0);
        self.texts.push(text.into());
        self.bytes += text.len();
        let texts = &self.texts;
        self.index.insert_unique(hash, code, |code| xxh3_64(texts[*code as usize].as_bytes()));
        code
    }

    /// The code of a text that was seen, if it was.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let texts = &self.texts;
        self.index.find(xxh3_64(text.as_bytes()), |code| *texts[*code as usize] == *text).copied()
    }

    /// The text of a code; empty for a code that was never given out.
    #[must_use]
    pub fn text(&self, code: u32) -> &str {
        self.texts.get(code as usize).map_or("", |text| text)
    }

    /// How many texts there are, the empty one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.texts.len() * (size_of::<Box<str>>() + 2 * size_of::<u32>())
    }

    /// Never: the empty text is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Moves codes of one [`Dict`] to another, each text once.
#[derive(Debug, Clone, Default)]
pub struct Recoder(Vec<u32>);

impl Recoder {
    const UNKNOWN: u32 = u32::MAX;

    /// The code in `to` of the text that has `code` in `from`. One recoder serves one pair of dictionaries.
    pub fn code(&mut self, code: u32, from: &Dict, to: &mut Dict) -> u32 {
        let place = code as usize;
        if self.0.len() <= place {
            self.0.resize(from.len().max(place + 1), Self::UNKNOWN);
        }
        if self.0[place] == Self::UNKNOWN {
            self.0[place] = to.intern(from.text(code));
        }
        self.0[place]
    }
}
