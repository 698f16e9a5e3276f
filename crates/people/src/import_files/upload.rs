//! A file on its way in: to disk, hashed, its encoding found, all in one pass.
//!
//! **Invariant:** an import exists only when its file is whole and on disk.

use crate::sheets::EncodingScan;
use encoding_rs::Encoding;
use kernel::ids::ImportId;
use kernel::limits::IMPORT_BYTES_MAX;
use kernel::problem::{Class, Problem};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// A file that is being received. Dropped before it is finished, it is removed.
pub struct Upload {
    pub(crate) id: ImportId,
    file: Option<File>,
    path: PathBuf,
    hash: Sha256,
    scan: EncodingScan,
    bytes: u64,
    kept: bool,
}

/// What is known of a file once it is on disk.
pub(crate) struct Received {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) encoding: &'static Encoding,
}

/// A failure of the disk, in words for whoever uploads.
pub(crate) fn disk(error: &std::io::Error) -> Problem {
    Problem::new(Class::Internal, "internal", format!("the file could not be kept: {error}"))
}

impl Upload {
    pub(crate) async fn begin(folder: &Path, id: ImportId) -> Result<Self, Problem> {
        tokio::fs::create_dir_all(folder).await.map_err(|error| disk(&error))?;
        let path = folder.join(format!("{id}.csv"));
        let file = File::create(&path).await.map_err(|error| disk(&error))?;
        Ok(Self {
            id,
            file: Some(file),
            path,
            hash: Sha256::new(),
            scan: EncodingScan::default(),
            bytes: 0,
            kept: false,
        })
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// 413 `file_too_large`, 415 `not_a_text_file` for spreadsheets and archives.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if self.bytes == 0 {
            refuse_other_files(bytes)?;
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > IMPORT_BYTES_MAX {
            let message = format!("The file is larger than {IMPORT_BYTES_MAX} bytes. Split it and import the parts.");
            return Err(Problem::new(Class::TooLarge, "file_too_large", message));
        }
        self.hash.update(bytes);
        self.scan.feed(bytes);
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await.map_err(|error| disk(&error))?;
        }
        Ok(())
    }

    /// Makes sure the file is on disk.
    pub(crate) async fn finish(mut self) -> Result<Received, Problem> {
        if self.bytes == 0 {
            return Err(Problem::new(Class::Malformed, "empty_file", "The file is empty."));
        }
        if let Some(mut file) = self.file.take() {
            file.flush().await.map_err(|error| disk(&error))?;
            file.sync_all().await.map_err(|error| disk(&error))?;
        }
        if let Some(folder) = self.path.parent() {
            let folder = File::open(folder).await.map_err(|error| disk(&error))?;
            folder.sync_all().await.map_err(|error| disk(&error))?;
        }
        self.kept = true;
        let sha256 = std::mem::take(&mut self.hash).finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let encoding = std::mem::take(&mut self.scan).finish();
        Ok(Received { path: self.path.clone(), bytes: self.bytes, sha256, encoding })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is swept with the workspace.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn refuse_other_files(bytes: &[u8]) -> Result<(), Problem> {
    let what = match bytes {
        [b'P', b'K', 3, 4, ..] => "a spreadsheet or a zip archive",
        [0xD0, 0xCF, 0x11, 0xE0, ..] => "an old Excel file",
        [0x1F, 0x8B, ..] => "a gzip archive",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        _ => return Ok(()),
    };
    let message = format!("This is {what}. Save it as CSV (UTF-8) and upload that.");
    Err(Problem::new(Class::UnsupportedMedia, "not_a_text_file", message))
}
