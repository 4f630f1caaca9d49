//! What fixtures.mjs has written. The file formats are described there.

use std::path::PathBuf;

pub enum Edit {
    Text {
        position: u32,
        deleted: u32,
        inserted: String,
        last: bool,
    },
    Array {
        position: u32,
        values: Vec<u32>,
        last: bool,
    },
    Map {
        key: String,
        value: String,
        last: bool,
    },
}

pub struct Fixture {
    folder: PathBuf,
}

/// Takes fields off the front of a file's bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("four bytes"))
    }
    fn counted(&mut self) -> &'a [u8] {
        let count = self.number() as usize;
        self.take(count)
    }
    fn text(&mut self) -> String {
        String::from_utf8(self.counted().to_vec()).expect("a fixture is UTF-8")
    }
}

impl Fixture {
    pub fn new(folder: &str) -> Self {
        Fixture { folder: folder.into() }
    }

    /// A file in the format of yjs; none where the recording did not write it.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join("yjs").join(name)).ok()
    }

    pub fn updates(&self) -> Option<Vec<Vec<u8>>> {
        let bytes = self.file("updates.bin")?;
        let mut reader = Reader(&bytes);
        let mut updates = Vec::new();
        while !reader.0.is_empty() {
            updates.push(reader.counted().to_vec());
        }
        Some(updates)
    }

    /// The client that edits, and its edits.
    pub fn script(&self) -> Option<(u32, Vec<Edit>)> {
        let bytes = std::fs::read(self.folder.join("script.bin")).ok()?;
        let mut reader = Reader(&bytes);
        let client = reader.number();
        let mut edits = Vec::new();
        while !reader.0.is_empty() {
            let head = reader.take(1)[0];
            let last = head & 128 == 0;
            edits.push(match head & 127 {
                1 => Edit::Text {
                    position: reader.number(),
                    deleted: reader.number(),
                    inserted: reader.text(),
                    last,
                },
                2 => {
                    let (position, count) = (reader.number(), reader.number());
                    Edit::Array {
                        position,
                        values: (0..count).map(|_| reader.number()).collect(),
                        last,
                    }
                }
                _ => Edit::Map {
                    key: reader.text(),
                    value: reader.text(),
                    last,
                },
            });
        }
        Some((client, edits))
    }
}
