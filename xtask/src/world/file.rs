//! Log files in the format that the simulated kubelets serve.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::lines::{Line, Stream};

/// A file is cut when it is longer than this …
const LONGEST: u64 = 2 << 20;
/// … to the end of this length.
const KEPT: u64 = 1 << 20;

/// The log of a pod's running container, and of the one before.
pub struct LogFile {
    path: PathBuf,
    previous: PathBuf,
}

impl LogFile {
    /// The files of a pod. Both exist afterwards: asking for a missing one is an error that a real kubelet never gives.
    pub fn open(folder: &Path, namespace: &str, pod: &str) -> Result<Self> {
        let file = Self {
            path: folder.join(format!("{namespace}_{pod}.log")),
            previous: folder.join(format!("{namespace}_{pod}.prev.log")),
        };
        for path in [&file.path, &file.previous] {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .with_context(|| format!("creating {}", path.display()))?;
        }
        Ok(file)
    }

    /// True when nothing was written yet.
    pub fn is_empty(&self) -> bool {
        fs::metadata(&self.path).map_or(true, |metadata| metadata.len() == 0)
    }

    /// Adds lines that were written at one time.
    pub fn append(&self, now: Timestamp, lines: &[Line]) -> Result<()> {
        let text: String = lines.iter().map(|line| render(now, line)).collect();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .with_context(|| format!("opening {}", self.path.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("writing {}", self.path.display()))?;
        if file.metadata().is_ok_and(|metadata| metadata.len() > LONGEST) {
            self.shorten()?;
        }
        Ok(())
    }

    /// The container ended: its log becomes the previous one.
    pub fn turn(&self) -> Result<()> {
        fs::rename(&self.path, &self.previous).with_context(|| format!("turning {}", self.path.display()))?;
        File::create(&self.path).with_context(|| format!("creating {}", self.path.display()))?;
        Ok(())
    }

    /// The pod is gone.
    pub fn remove(&self) {
        // Nobody can ask for them any more, so it does not matter whether they go now or at the next start.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.previous);
    }

    fn shorten(&self) -> Result<()> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::End(-i64::try_from(KEPT).unwrap_or(i64::MAX)))?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest)?;
        let start = rest.iter().position(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, &rest[start..])?;
        fs::rename(&fresh, &self.path).context("putting the shortened log in place")
    }
}

/// `<RFC 3339 with nanoseconds> <stream> F <text>`:
/// <https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md>.
fn render(now: Timestamp, (stream, text): &Line) -> String {
    let stream = match stream {
        Stream::Out => "stdout",
        Stream::Err => "stderr",
    };
    format!("{now:.9} {stream} F {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_nanoseconds_its_stream_and_the_mark_of_a_full_line() {
        let now: Timestamp = "2026-01-01T00:00:00.5Z".parse().unwrap();
        assert_eq!(render(now, &(Stream::Err, "a b".to_owned())), "2026-01-01T00:00:00.500000000Z stderr F a b\n");
    }

    #[test]
    fn a_long_log_is_cut_at_a_line_and_a_crash_makes_it_the_previous_one() {
        let folder = std::env::temp_dir().join(format!("quarterdeck-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let log = LogFile::open(&folder, "shop", "web-0").unwrap();
        assert!(log.is_empty());
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let line = (Stream::Out, "x".repeat(1000));
        for _ in 0..30 {
            log.append(now, &vec![line.clone(); 100]).unwrap();
        }
        let length = fs::metadata(&log.path).unwrap().len();
        assert!(length <= LONGEST && length > KEPT / 2, "{length}");
        assert!(fs::read_to_string(&log.path).unwrap().starts_with("2026-01-01T"));
        log.turn().unwrap();
        assert!(log.is_empty() && fs::metadata(&log.previous).unwrap().len() == length);
        log.remove();
        assert!(!log.path.exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
