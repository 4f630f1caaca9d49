//! The yrs side of bench/engines: native, where ywasm is the same engine in WebAssembly.
//!
//! ```text
//! engines-yrs OPERATION FOLDER BUDGET_MS
//! ```
//!
//! runs one operation on the fixture in FOLDER (fixtures.mjs describes the files) and prints one line of JSON (measure.mjs
//! says what the figures mean).

mod fixture;
mod measure;

use fixture::{Edit, Fixture};
use measure::{heap_bytes, measure, print_memory, print_skip, resident_bytes, Repeat};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use yrs::types::ToJson;
use yrs::updates::decoder::Decode;
use yrs::{Array, ClientID, Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update};

fn document(client: Option<u32>) -> Doc {
    let mut options = Options::default();
    if let Some(client) = client {
        options.client_id = ClientID::new(client.into());
    }
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

fn apply(doc: &Doc, update: &[u8]) {
    let update = Update::decode_v1(update).expect("a fixture is valid");
    doc.transact_mut().apply_update(update).expect("a fixture applies");
}

fn load(state: &[u8]) -> Doc {
    let doc = document(None);
    apply(&doc, state);
    doc
}

/// All of it as plain values.
fn read(doc: &Doc) -> usize {
    let text = doc.get_or_insert_text("text");
    let array = doc.get_or_insert_array("array");
    let map = doc.get_or_insert_map("map");
    let transaction = doc.transact();
    black_box((array.to_json(&transaction), map.to_json(&transaction)));
    text.get_string(&transaction).len()
}

fn encode_v1(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&StateVector::default())
}

/// Counts the bytes that a listener is given.
fn listen(doc: &Doc) -> Arc<AtomicUsize> {
    let bytes = Arc::new(AtomicUsize::new(0));
    let counted = bytes.clone();
    doc.observe_update_v1("bench", move |_, event| {
        counted.fetch_add(event.update.len(), Ordering::Relaxed);
    })
    .expect("nobody else uses the document");
    bytes
}

fn edit(client: u32, edits: &[Edit]) -> usize {
    let doc = document(Some(client));
    let bytes = listen(&doc);
    let text = doc.get_or_insert_text("text");
    let array = doc.get_or_insert_array("array");
    let map = doc.get_or_insert_map("map");
    let mut open = None;
    for edit in edits {
        let transaction = open.get_or_insert_with(|| doc.transact_mut());
        let last = match edit {
            Edit::Text {
                position,
                deleted,
                inserted,
                last,
            } => {
                if *deleted > 0 {
                    text.remove_range(transaction, *position, *deleted);
                }
                text.insert(transaction, *position, inserted);
                last
            }
            Edit::Array { position, values, last } => {
                array.insert_range(transaction, *position, values.iter().map(|value| f64::from(*value)));
                last
            }
            Edit::Map { key, value, last } => {
                map.insert(transaction, key.as_str(), value.as_str());
                last
            }
        };
        if *last {
            open = None;
        }
    }
    drop(open);
    bytes.load(Ordering::Relaxed)
}

fn memory(fixture: &Fixture) {
    let state = fixture.file("state.v1").expect("every fixture has a state");
    let count = (8_000_000 / state.len()).clamp(1, 10_000);
    load(&state);
    let mut docs = Vec::with_capacity(count);
    let (heap, resident) = (heap_bytes(), resident_bytes());
    docs.extend((0..count).map(|_| load(&state)));
    let each = |now: usize, before: usize| (now as f64 - before as f64) / count as f64;
    print_memory(count, each(heap_bytes(), heap), each(resident_bytes(), resident));
}

fn run(operation: &str, fixture: &Fixture, budget_ms: f64) -> Option<()> {
    let repeat = Repeat {
        budget_ms,
        reuse: false,
        most: 1000,
    };
    let reuse = Repeat { reuse: true, ..repeat };
    let loaded = |state: &[u8]| Repeat {
        most: ((4 << 20) / (state.len() + 1)).clamp(1, 50),
        ..repeat
    };
    match operation {
        "edit" => {
            let (client, edits) = fixture.script()?;
            measure(repeat, || (), |_| edit(client, &edits));
        }
        "relay" => {
            let log = fixture.updates()?;
            measure(
                repeat,
                || (),
                |_| {
                    let doc = document(None);
                    let bytes = listen(&doc);
                    log.iter().for_each(|update| apply(&doc, update));
                    bytes.load(Ordering::Relaxed)
                },
            );
        }
        "exchange" => {
            let (left, right) = (fixture.file("user0.bin")?, fixture.file("user1.bin")?);
            measure(
                loaded(&left),
                || (load(&left), load(&right)),
                |(one, other)| {
                    apply(one, &right);
                    apply(other, &left);
                    0
                },
            );
        }
        "decode_v1" => {
            let state = fixture.file("state.v1")?;
            measure(
                repeat,
                || (),
                |_| {
                    load(&state);
                    state.len()
                },
            );
        }
        "decode_read" => {
            let state = fixture.file("state.v1")?;
            measure(repeat, || (), |_| read(&load(&state)));
        }
        "decode_v2" => {
            let state = fixture.file("state.v2")?;
            measure(
                repeat,
                || (),
                |_| {
                    let update = Update::decode_v2(&state).expect("a fixture is valid");
                    document(None)
                        .transact_mut()
                        .apply_update(update)
                        .expect("a fixture applies");
                    state.len()
                },
            );
        }
        "encode_v1" => {
            let state = fixture.file("state.v1")?;
            measure(loaded(&state), || load(&state), |doc| encode_v1(doc).len());
        }
        "encode_v2" => {
            let state = fixture.file("state.v1")?;
            measure(
                loaded(&state),
                || load(&state),
                |doc| doc.transact().encode_state_as_update_v2(&StateVector::default()).len(),
            );
        }
        "encode_again" => {
            let state = fixture.file("state.v1")?;
            let prepare = || {
                let doc = load(&state);
                encode_v1(&doc);
                doc
            };
            measure(reuse, prepare, |doc| encode_v1(doc).len());
        }
        "diff" => {
            let (state, vector) = (fixture.file("state.v1")?, fixture.file("vector.bin")?);
            measure(
                loaded(&state),
                || load(&state),
                |doc| {
                    let vector = StateVector::decode_v1(&vector).expect("a fixture is valid");
                    doc.transact().encode_state_as_update_v1(&vector).len()
                },
            );
        }
        "merge_1000" => merge(repeat, fixture, 1000)?,
        "merge_4000" => merge(repeat, fixture, 4000)?,
        "merge_all" => merge(repeat, fixture, usize::MAX)?,
        "memory" => memory(fixture),
        _ => return None,
    }
    Some(())
}

/// As for Yjs: a tree of 64 ways where all are merged.
fn merge(repeat: Repeat, fixture: &Fixture, count: usize) -> Option<()> {
    let log = fixture.updates()?;
    if count != usize::MAX && count > log.len() {
        return None;
    }
    let updates = &log[..count.min(log.len())];
    let merged = |updates: &[Vec<u8>]| yrs::merge_updates_v1(updates).expect("a fixture is valid");
    measure(
        repeat,
        || (),
        |_| {
            if updates.len() <= 4000 {
                return merged(updates).len();
            }
            let mut level: Vec<Vec<u8>> = updates.chunks(64).map(merged).collect();
            while level.len() > 1 {
                level = level.chunks(64).map(merged).collect();
            }
            level[0].len()
        },
    );
    Some(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, folder, budget] = arguments.as_slice() else {
        eprintln!("usage: engines-yrs OPERATION FOLDER BUDGET_MS");
        std::process::exit(2);
    };
    let budget_ms = budget.parse().expect("the budget is a number");
    if run(operation, &Fixture::new(folder), budget_ms).is_none() {
        print_skip("no such call, or nothing to call it with");
    }
}
