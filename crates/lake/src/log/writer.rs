//! The log's own thread: takes what waits, writes it in one piece, syncs once, answers all.

use super::segment::Recovered;
use super::{Packed, Request, Segment, Shared, record};
use crate::config::{Faults, LakeConfig};
use crate::error::LakeError;
use crate::lake::Appended;
use crate::parquet::sync_folder;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) const SEGMENT_HEADER: usize = 24;
const MARK: &[u8; 8] = b"MSLOG\0\0\0";
const VERSION: u32 = 1;
/// Bytes that go into one sync at most, so that nobody waits for ever longer groups.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// The first bytes of a segment.
pub(super) fn segment_header(first: u64) -> [u8; SEGMENT_HEADER] {
    let mut header = [0; SEGMENT_HEADER];
    header[..8].copy_from_slice(MARK);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    faults: Faults,
    folder: PathBuf,
    segment_bytes: u64,
    /// The open segment; none after a failure, until the log is healed.
    file: Option<File>,
    path: PathBuf,
    /// Bytes of the segment that are durable.
    durable: u64,
    next: u64,
    buffer: Vec<u8>,
}

impl Writer {
    pub(super) fn open(
        config: &LakeConfig,
        folder: &Path,
        recovered: Recovered,
        shared: Arc<Shared>,
    ) -> Result<Self, LakeError> {
        let mut writer = Self {
            shared,
            faults: config.faults.clone(),
            folder: folder.to_owned(),
            segment_bytes: config.segment_bytes,
            file: None,
            path: PathBuf::new(),
            durable: recovered.end,
            next: recovered.next,
            buffer: Vec::new(),
        };
        if let Some(last) = recovered.segments.last() {
            writer.path.clone_from(&last.path);
            let mut file = OpenOptions::new().write(true).open(&last.path).map_err(LakeError::io(&last.path))?;
            file.seek(SeekFrom::End(0)).map_err(LakeError::io(&last.path))?;
            // What recovery read may not all have been synced before the crash; it counts from now on.
            file.sync_all().map_err(LakeError::io(&last.path))?;
            writer.file = Some(file);
        } else {
            writer.begin_segment().map_err(LakeError::io(folder))?;
        }
        Ok(writer)
    }

    pub(super) fn run(mut self) {
        loop {
            let (group, rolls) = {
                let mut queue = self.shared.queue.lock();
                while queue.requests.is_empty() && queue.rolls.is_empty() && !queue.closed {
                    self.shared.wake.wait(&mut queue);
                }
                let mut bytes = 0;
                let mut group: Vec<Request> = Vec::new();
                while let Some(request) = queue.requests.pop_front() {
                    queue.bytes -= request.payload.bytes.len();
                    bytes += request.payload.bytes.len();
                    group.push(request);
                    if bytes >= GROUP_BYTES_MAX {
                        break;
                    }
                }
                let rolls = std::mem::take(&mut queue.rolls);
                if group.is_empty() && rolls.is_empty() {
                    return;
                }
                (group, rolls)
            };
            if !rolls.is_empty() {
                let rolled = self.roll().map_err(|error| error.to_string());
                for reply in rolls {
                    let _ = reply.send(rolled.clone().map_err(LakeError::Unhealthy));
                }
            }
            if group.is_empty() {
                continue;
            }
            match self.commit(&group) {
                Ok(()) => self.acknowledge(group),
                Err(error) => self.refuse(group, &error),
            }
        }
    }

    /// Begins a new segment unless the open one is empty; says which offset came last.
    fn roll(&mut self) -> io::Result<u64> {
        if self.file.is_none() {
            self.heal()?;
        } else if self.durable > SEGMENT_HEADER as u64 {
            self.begin_segment()?;
        }
        Ok(self.next - 1)
    }

    /// Writes and syncs a group; on any failure the segment is closed until [`Self::heal`].
    fn commit(&mut self, group: &[Request]) -> io::Result<()> {
        if self.file.is_none() {
            self.heal()?;
        } else if self.durable >= self.segment_bytes {
            self.begin_segment()?;
        }
        self.buffer.clear();
        let mut first = self.next;
        for request in group {
            let count = u32::try_from(request.ends.len()).unwrap_or(u32::MAX);
            record::frame(&mut self.buffer, (self.durable, first), count, &request.payload);
            first += u64::from(count);
        }
        let written = self.write();
        if written.is_err() {
            self.file = None;
        }
        written?;
        self.durable += self.buffer.len() as u64;
        if self.buffer.capacity() > GROUP_BYTES_MAX {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("the log is closed"))?;
        if let Err(error) = self.faults.check("log.write") {
            // As a full disk does it: part of the bytes arrive.
            file.write_all(&self.buffer[..self.buffer.len() / 2])?;
            return Err(error);
        }
        file.write_all(&self.buffer)?;
        self.faults.check("log.sync")?;
        file.sync_data()
    }

    /// Cuts the segment back to what is durable and begins a new one.
    fn heal(&mut self) -> io::Result<()> {
        self.faults.check("log.heal")?;
        let file = OpenOptions::new().write(true).open(&self.path)?;
        file.set_len(self.durable)?;
        file.sync_all()?;
        self.begin_segment()?;
        tracing::info!(folder = %self.folder.display(), next = self.next, "the log accepts events again");
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        self.file = None;
        let path = self.folder.join(format!("{:020}.log", self.next));
        self.faults.check("log.segment")?;
        let mut file = File::create(&path)?;
        file.write_all(&segment_header(self.next))?;
        file.sync_all()?;
        sync_folder(&self.folder).map_err(io::Error::other)?;
        let mut segments = self.shared.segments.lock();
        if segments.last().is_none_or(|last| last.path != path) {
            segments.push(Segment { first: self.next, path: path.clone() });
        }
        drop(segments);
        self.path = path;
        self.durable = SEGMENT_HEADER as u64;
        self.file = Some(file);
        Ok(())
    }

    fn acknowledge(&mut self, group: Vec<Request>) {
        let mut replies = Vec::with_capacity(group.len());
        let mut ready = self.shared.ready.lock();
        for Request { payload, ends, reply } in group {
            let first = self.next;
            self.next += ends.len() as u64;
            replies.push((reply, Appended { first, last: self.next - 1 }));
            ready.push(Packed { first, ends, payload }, self.shared.ready_bytes_max);
        }
        self.shared.stored.store(self.next - 1, Ordering::Release);
        drop(ready);
        self.shared.arrived.notify_one();
        for (reply, appended) in replies {
            // A caller that went away does not change that its events are stored.
            let _ = reply.send(Ok(appended));
        }
    }

    fn refuse(&self, group: Vec<Request>, error: &io::Error) {
        tracing::error!(folder = %self.folder.display(), %error, "the log cannot be written; appends are refused");
        for request in group {
            self.shared.waiting_bytes.fetch_sub(request.payload.bytes.len(), Ordering::AcqRel);
            let _ = request.reply.send(Err(LakeError::Unhealthy(error.to_string())));
        }
    }
}
