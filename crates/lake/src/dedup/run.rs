//! A run: sorted hashes in a file that never changes, with fences to find a page and a filter to spare the search.
//!
//! ```text
//! header 40 bytes · hashes 16 bytes each · fences: first 8 bytes of every 256th hash · filter: blocks of 64 bytes
//! ```

use crate::catalog::RunEntry;
use crate::config::Faults;
use crate::error::LakeError;
use crate::parquet::{Scratch, sync_folder};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

const MARK: &[u8; 8] = b"MSRUN\0\0\x01";
const HEADER: u64 = 40;
const PAGE_HASHES: u64 = 256;
const BLOCK: usize = 64;
/// Bits of filter per hash, and bits set: about one false answer in a hundred.
const FILTER_BITS: u64 = 10;
const FILTER_PROBES: u32 = 6;

/// A sealed run of hashes.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) entry: RunEntry,
    path: PathBuf,
    file: File,
    fences: Vec<u64>,
    blocks: u64,
    crc: u32,
    filter: OnceLock<Vec<u8>>,
    doomed: AtomicBool,
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.doomed.load(Ordering::Acquire)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "a replaced run of event ids stays until the next start");
        }
    }
}

fn blocks_for(entries: u64) -> u64 {
    (entries * FILTER_BITS).div_ceil(BLOCK as u64 * 8).max(1)
}

/// The block of a hash, and the bits in it.
fn probes(hash: u128, blocks: u64) -> (u64, [usize; FILTER_PROBES as usize]) {
    let high = (hash >> 64) as u64;
    let low = hash as u64;
    // The high bits order the run; the block takes the low half so that a block is not one stretch of the run.
    let block = ((u128::from(low) * u128::from(blocks)) >> 64) as u64;
    let mut bits = [0; FILTER_PROBES as usize];
    for (place, bit) in bits.iter_mut().enumerate() {
        *bit = ((high >> (9 * place)) & 511) as usize;
    }
    (block, bits)
}

impl Run {
    pub(crate) fn open(folder: &Path, entry: RunEntry) -> Result<Self, LakeError> {
        let path = folder.join(&entry.path);
        let io = LakeError::io;
        let corrupt = |why: &str| LakeError::Corrupt { path: path.clone(), position: 0, why: why.to_owned() };
        let file = File::open(&path).map_err(io(&path))?;
        let mut header = [0; HEADER as usize];
        file.read_exact_at(&mut header, 0).map_err(io(&path))?;
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|place| header[at + place]));
        if &header[..8] != MARK || number(8) != entry.entries {
            return Err(corrupt("not the run of event ids that the catalog lists"));
        }
        let blocks = number(16);
        let fences = entry.entries.div_ceil(PAGE_HASHES);
        let bytes = HEADER + entry.entries * 16 + fences * 8 + blocks * BLOCK as u64;
        if file.metadata().map_err(io(&path))?.len() != bytes {
            return Err(corrupt("its length is not what its header says"));
        }
        let mut fence_bytes = vec![0; usize::try_from(fences * 8).unwrap_or(0)];
        file.read_exact_at(&mut fence_bytes, HEADER + entry.entries * 16).map_err(io(&path))?;
        let fences = fence_bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let crc = u32::try_from(number(24)).unwrap_or(0);
        Ok(Self { entry, path, file, fences, blocks, crc, filter: OnceLock::new(), doomed: AtomicBool::new(false) })
    }

    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }

    pub(crate) fn filter_bytes(&self) -> usize {
        usize::try_from(self.blocks).unwrap_or(usize::MAX).saturating_mul(BLOCK)
    }

    fn filter_start(&self) -> u64 {
        HEADER + self.entry.entries * 16 + self.fences.len() as u64 * 8
    }

    pub(crate) fn load_filter(&self) -> Result<(), LakeError> {
        if self.filter.get().is_none() {
            let mut filter = vec![0; self.filter_bytes()];
            self.file.read_exact_at(&mut filter, self.filter_start()).map_err(LakeError::io(&self.path))?;
            self.filter.get_or_init(|| filter);
        }
        Ok(())
    }

    /// Whether the run has this hash.
    pub(crate) fn contains(&self, hash: u128) -> Result<bool, LakeError> {
        if self.entry.entries == 0 || !self.may_contain(hash)? {
            return Ok(false);
        }
        let high = (hash >> 64) as u64;
        let first = self.fences.partition_point(|fence| *fence < high).saturating_sub(1) as u64;
        let last = self.fences.partition_point(|fence| *fence <= high) as u64;
        let start = first * PAGE_HASHES;
        let end = (last * PAGE_HASHES).min(self.entry.entries);
        if start >= end {
            return Ok(false);
        }
        let mut page = vec![0; usize::try_from((end - start) * 16).unwrap_or(0)];
        self.file.read_exact_at(&mut page, HEADER + start * 16).map_err(LakeError::io(&self.path))?;
        let hashes = page.as_chunks::<16>().0;
        Ok(hashes.binary_search_by_key(&hash, |bytes| u128::from_be_bytes(*bytes)).is_ok())
    }

    fn may_contain(&self, hash: u128) -> Result<bool, LakeError> {
        let (block, bits) = probes(hash, self.blocks);
        let all = |bytes: &[u8]| bits.iter().all(|bit| bytes[bit / 8] & (1 << (bit % 8)) != 0);
        if let Some(filter) = self.filter.get() {
            let at = usize::try_from(block).unwrap_or(0) * BLOCK;
            return Ok(all(&filter[at..at + BLOCK]));
        }
        let mut bytes = [0; BLOCK];
        let at = self.filter_start() + block * BLOCK as u64;
        self.file.read_exact_at(&mut bytes, at).map_err(LakeError::io(&self.path))?;
        Ok(all(&bytes))
    }

    /// The hashes in order.
    fn hashes(&self) -> Result<impl Iterator<Item = std::io::Result<u128>> + use<>, LakeError> {
        let file = File::open(&self.path).map_err(LakeError::io(&self.path))?;
        let mut reader = BufReader::with_capacity(64 << 10, file);
        reader.seek(SeekFrom::Start(HEADER)).map_err(LakeError::io(&self.path))?;
        let mut bytes = [0; 16];
        Ok((0..self.entry.entries).map(move |_| reader.read_exact(&mut bytes).map(|()| u128::from_be_bytes(bytes))))
    }

    /// What is wrong with the file, if anything.
    pub(crate) fn check(&self) -> Result<Vec<String>, LakeError> {
        let mut problems = Vec::new();
        let mut file = File::open(&self.path).map_err(LakeError::io(&self.path))?;
        file.seek(SeekFrom::Start(HEADER)).map_err(LakeError::io(&self.path))?;
        let mut hasher = crc32fast::Hasher::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            let read = file.read(&mut buffer).map_err(LakeError::io(&self.path))?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        if hasher.finalize() != self.crc {
            problems.push(format!("{}: the checksum does not match", self.path.display()));
        }
        let mut before: Option<u128> = None;
        for hash in self.hashes()? {
            let hash = hash.map_err(LakeError::io(&self.path))?;
            if before.is_some_and(|before| before >= hash) {
                problems.push(format!("{}: the hashes are not in order", self.path.display()));
                break;
            }
            before = Some(hash);
        }
        Ok(problems)
    }
}

/// Writes a run of exactly `entries` sorted hashes, durable under its name.
pub(crate) fn write_run(
    folder: &Path,
    id: u64,
    entries: u64,
    hashes: impl Iterator<Item = std::io::Result<u128>>,
    faults: &Faults,
) -> Result<RunEntry, LakeError> {
    let relative = format!("dedup/{id:012}.run");
    let path = folder.join(&relative);
    let parent = folder.join("dedup");
    fs::create_dir_all(&parent).map_err(LakeError::io(&parent))?;
    let scratch = Scratch::new(path.with_extension("run.new"));
    let bytes = write_to(scratch.path(), entries, hashes, faults).map_err(LakeError::io(scratch.path()))?;
    faults.check("run.rename").map_err(LakeError::io(scratch.path()))?;
    scratch.rename(&path)?;
    sync_folder(&parent).inspect_err(|_| {
        let _ = fs::remove_file(&path);
    })?;
    Ok(RunEntry { id, path: relative, entries, bytes })
}

fn write_to(
    path: &Path,
    entries: u64,
    hashes: impl Iterator<Item = std::io::Result<u128>>,
    faults: &Faults,
) -> std::io::Result<u64> {
    let blocks = blocks_for(entries);
    let mut filter = vec![0_u8; usize::try_from(blocks).unwrap_or(0) * BLOCK];
    let mut fences: Vec<u8> = Vec::new();
    let mut hasher = crc32fast::Hasher::new();
    let mut out = BufWriter::with_capacity(256 << 10, File::create(path)?);
    faults.check("run.write")?;
    out.write_all(&[0; HEADER as usize])?;
    let mut written = 0_u64;
    for hash in hashes {
        let hash = hash?;
        let bytes = hash.to_be_bytes();
        if written.is_multiple_of(PAGE_HASHES) {
            fences.extend_from_slice(&((hash >> 64) as u64).to_le_bytes());
        }
        let (block, bits) = probes(hash, blocks);
        let at = usize::try_from(block).unwrap_or(0) * BLOCK;
        bits.iter().for_each(|bit| filter[at + bit / 8] |= 1 << (bit % 8));
        hasher.update(&bytes);
        out.write_all(&bytes)?;
        written += 1;
    }
    if written != entries {
        return Err(std::io::Error::other(format!("{written} event ids where {entries} were to be")));
    }
    hasher.update(&fences);
    hasher.update(&filter);
    out.write_all(&fences)?;
    out.write_all(&filter)?;
    let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let mut header = [0; HEADER as usize];
    header[..8].copy_from_slice(MARK);
    header[8..16].copy_from_slice(&entries.to_le_bytes());
    header[16..24].copy_from_slice(&blocks.to_le_bytes());
    header[24..32].copy_from_slice(&u64::from(hasher.finalize()).to_le_bytes());
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Merges runs into a new one. Their hashes differ, since an id is stored once.
pub(crate) fn merge_runs(folder: &Path, id: u64, runs: &[Arc<Run>], faults: &Faults) -> Result<RunEntry, LakeError> {
    let mut sources = Vec::with_capacity(runs.len());
    for run in runs {
        sources.push(run.hashes()?.peekable());
    }
    let entries = runs.iter().map(|run| run.entry.entries).sum();
    let merged = std::iter::from_fn(move || {
        let mut least: Option<(usize, u128)> = None;
        for (place, source) in sources.iter_mut().enumerate() {
            match source.peek() {
                Some(Ok(hash)) if least.is_none_or(|(_, best)| *hash < best) => least = Some((place, *hash)),
                Some(Err(_)) => return source.next(),
                _ => {}
            }
        }
        least.and_then(|(place, _)| sources[place].next())
    });
    write_run(folder, id, entries, merged, faults)
}
