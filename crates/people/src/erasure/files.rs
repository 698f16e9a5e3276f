//! Uploaded files: the lines that name an erased person are emptied, so that the others keep their numbers.

use super::model::holds;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Empties the lines of every file in a folder that hold one of these texts (in lower case); how many.
pub(super) fn empty_lines(folder: &Path, texts: &[String]) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut emptied = 0;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "csv") {
            emptied += empty_file(&path, texts)?;
        }
    }
    Ok(emptied)
}

fn empty_file(path: &Path, texts: &[String]) -> io::Result<u64> {
    let fresh = path.with_extension("csv.new");
    let wide = wide_encoding(path)?;
    let mut out = BufWriter::new(File::create(&fresh)?);
    let emptied = match wide {
        None => copy(&mut BufReader::new(File::open(path)?), &mut out, texts)?,
        Some(big) => {
            let text = from_wide(&fs::read(path)?, big);
            let mut narrow = Vec::with_capacity(text.len());
            let emptied = copy(&mut text.as_bytes(), &mut narrow, texts)?;
            out.write_all(&to_wide(&String::from_utf8_lossy(&narrow), big))?;
            emptied
        }
    };
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    if emptied == 0 {
        drop(file);
        fs::remove_file(&fresh)?;
        return Ok(0);
    }
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(emptied)
}

/// Copies records; of one that holds a text, only its line ends. A record goes on while a quote is open.
fn copy(from: &mut impl BufRead, to: &mut impl Write, texts: &[String]) -> io::Result<u64> {
    /// A file with a stray quote has no end of it: then each line counts for itself.
    const RECORD_BYTES_MAX: usize = 1 << 20;
    let mut emptied = 0;
    let mut record = Vec::new();
    loop {
        let read = from.read_until(b'\n', &mut record)?;
        let is_open = record.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        if read > 0 && is_open && record.len() < RECORD_BYTES_MAX {
            continue;
        }
        if record.is_empty() {
            return Ok(emptied);
        }
        let text = String::from_utf8_lossy(&record).to_lowercase();
        if texts.iter().any(|wanted| holds(&text, wanted)) {
            let ends: Vec<u8> = record.iter().copied().filter(|byte| matches!(byte, b'\n' | b'\r')).collect();
            to.write_all(&ends)?;
            emptied += 1;
        } else {
            to.write_all(&record)?;
        }
        record.clear();
    }
}

/// Whether a file is UTF-16, and whether its high bytes come first.
fn wide_encoding(path: &Path) -> io::Result<Option<bool>> {
    let mut mark = Vec::with_capacity(2);
    File::open(path)?.take(2).read_to_end(&mut mark)?;
    Ok(match mark.as_slice() {
        [0xFF, 0xFE] => Some(false),
        [0xFE, 0xFF] => Some(true),
        _ => None,
    })
}

fn from_wide(bytes: &[u8], big: bool) -> String {
    let unit = |pair: &[u8; 2]| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(unit).collect();
    String::from_utf16_lossy(&units)
}

fn to_wide(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_names_the_person_is_emptied_and_the_others_keep_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let texts = ["erika@example.com".to_owned()];
        let before = "email,note\r\nother@example.com,x\r\nErika@Example.com,\"two\nlines\"\nmerika@example.com,y\n";
        let after = "email,note\r\nother@example.com,x\r\n\n\nmerika@example.com,y\n";
        for wide in [None, Some(false), Some(true)] {
            let path = folder.path().join("imp.csv");
            let encode = |text: &str| match wide {
                None => text.as_bytes().to_vec(),
                Some(big) => to_wide(&format!("\u{feff}{text}"), big),
            };
            fs::write(&path, encode(before)).unwrap();
            assert_eq!(empty_lines(folder.path(), &texts).unwrap(), 1);
            assert_eq!(fs::read(&path).unwrap(), encode(after), "{wide:?}");
            assert_eq!(empty_lines(folder.path(), &texts).unwrap(), 0);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        }
        assert_eq!(empty_lines(&folder.path().join("none"), &texts).unwrap(), 0);
    }
}
