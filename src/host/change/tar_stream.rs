//! What passes by in a stream of `tar(5)`: how many entries, and how much is in them. For whoever
//! watches; what is packed does not depend on it.

/// Larger extended headers are passed over: they hold attributes, and no size.
const LONGEST: usize = 64 << 10;
const BLOCK: usize = 512;

/// Follows a stream from its beginning.
#[derive(Debug, Default)]
pub(super) struct TarStream {
    /// Entries whose header has passed.
    pub(super) files: u64,
    /// Bytes of their content that have passed.
    pub(super) bytes: u64,
    header: Vec<u8>,
    /// Content of the entry that passes, and what fills its last block.
    content: u64,
    filling: u64,
    /// An extended header that passes (`Some`), or was the last one.
    extended: Option<Vec<u8>>,
    in_extended: bool,
    size: Option<u64>,
    /// It is not what tar writes: everything counts as content.
    lost: bool,
}

impl TarStream {
    /// Takes the next bytes.
    pub(super) fn takes(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.lost {
                self.bytes += bytes.len() as u64;
                return;
            }
            let taken = if self.content > 0 {
                self.passes(bytes)
            } else if self.filling > 0 {
                let taken = at_most(self.filling, bytes.len());
                self.filling -= taken as u64;
                taken
            } else {
                self.heads(bytes)
            };
            bytes = &bytes[taken..];
        }
    }

    fn passes(&mut self, bytes: &[u8]) -> usize {
        let taken = at_most(self.content, bytes.len());
        self.content -= taken as u64;
        if !self.in_extended {
            self.bytes += taken as u64;
            return taken;
        }
        if let Some(extended) = &mut self.extended {
            extended.extend_from_slice(&bytes[..taken]);
        }
        if self.content == 0 {
            self.in_extended = false;
            self.size = self.extended.take().and_then(|records| size_in(&records));
        }
        taken
    }

    fn heads(&mut self, bytes: &[u8]) -> usize {
        let taken = (BLOCK - self.header.len()).min(bytes.len());
        self.header.extend_from_slice(&bytes[..taken]);
        if self.header.len() == BLOCK {
            let header = std::mem::take(&mut self.header);
            self.begins(&header);
        }
        taken
    }

    fn begins(&mut self, header: &[u8]) {
        if header.iter().all(|byte| *byte == 0) {
            return;
        }
        let (true, Some(written)) = (&header[257..262] == b"ustar", number(&header[124..136]))
        else {
            self.lost = true;
            return;
        };
        let kind = header[156];
        let meta = b"xgLK".contains(&kind);
        let size = match kind {
            // Links, devices, directories and pipes have no content.
            b'1'..=b'6' => 0,
            _ if meta => written,
            _ => self.size.unwrap_or(written),
        };
        self.in_extended = meta;
        if meta {
            let small = kind == b'x' && size <= LONGEST as u64;
            self.extended = small.then(Vec::new);
        } else {
            self.files += 1;
            self.size = None;
        }
        self.content = size;
        self.filling = size.next_multiple_of(BLOCK as u64) - size;
        if size == 0 {
            self.in_extended = false;
        }
    }
}

fn at_most(wanted: u64, there: usize) -> usize {
    usize::try_from(wanted).map_or(there, |wanted| wanted.min(there))
}

/// Octal digits, or 256 as the base where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    let number = if first & 0x80 != 0 {
        rest.iter()
            .try_fold(u64::from(first & 0x7f), |number, byte| {
                number.checked_mul(256)?.checked_add((*byte).into())
            })?
    } else {
        let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
        if text.is_empty() {
            0
        } else {
            u64::from_str_radix(text, 8).ok()?
        }
    };
    // Nothing is longer, and nothing overflows.
    (number < 1 << 62).then_some(number)
}

/// The size that an extended header gives: records `LENGTH KEY=VALUE\n`.
fn size_in(mut records: &[u8]) -> Option<u64> {
    while !records.is_empty() {
        let blank = records.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
        let record = records.get(blank + 1..length)?;
        if let Some(value) = record.strip_prefix(b"size=") {
            let size = std::str::from_utf8(value).ok()?.trim_end().parse().ok()?;
            return (size < 1 << 62).then_some(size);
        }
        records = &records[length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(kind: u8, size: &str) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[124..124 + size.len()].copy_from_slice(size.as_bytes());
        header[156] = kind;
        header[257..262].copy_from_slice(b"ustar");
        header
    }

    fn padded(content: &[u8]) -> Vec<u8> {
        let mut block = content.to_vec();
        block.resize(content.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn stream() -> Vec<u8> {
        let mut all = header(b'5', "00000000000");
        all.extend(header(b'x', "00000000024"));
        all.extend(padded(b"11 path=ab\n9 size=7\n"));
        all.extend(header(b'0', "00000000000"));
        all.extend(padded(b"content"));
        all.extend(header(b'0', "00000001001"));
        all.extend(padded(&[b'x'; 513]));
        all.extend(header(b'2', "00000000000"));
        all.extend([0; 2 * BLOCK]);
        all
    }

    #[test]
    fn entries_and_their_content_are_counted() {
        for piece in [1, 7, 512, 10_000] {
            let mut tar = TarStream::default();
            stream().chunks(piece).for_each(|bytes| tar.takes(bytes));
            assert_eq!((tar.files, tar.bytes, tar.lost), (4, 7 + 513, false));
        }
    }

    #[test]
    fn what_tar_itself_writes_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        #[allow(clippy::disallowed_methods, reason = "a test makes its own tree")]
        std::fs::write(dir.path().join("one"), [b'x'; 3000]).unwrap();
        let path = dir.path().to_str().unwrap();
        let limit = std::time::Duration::from_secs(20);
        let args = ["--create", "--format=posix", "--file=-", "-C", path, "."];
        let said = crate::host::command::run("/bin/tar", &args, limit).unwrap();
        let mut tar = TarStream::default();
        tar.takes(&said.stdout);
        assert_eq!((tar.files, tar.bytes, tar.lost), (2, 3000, false));
    }

    proptest! {
        #[test]
        fn no_stream_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let mut tar = TarStream::default();
            tar.takes(&bytes);
            let mut stream = stream();
            for (at, byte) in bytes.iter().enumerate().take(stream.len()) {
                if at % 5 == 0 {
                    stream[at] = *byte;
                }
            }
            TarStream::default().takes(&stream);
        }
    }
}
