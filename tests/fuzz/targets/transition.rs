//! The transition rule: two orders of arrival of one history, each keeping the order of every process, end in one record.

#![no_main]

use fastrand::Rng;
use libfuzzer_sys::fuzz_target;
use tracker_fuzz::history::{history, Stream, Told};
use tracker_fuzz::shown::shown;

fuzz_target!(|data: &[u8]| {
    let Some((seed, choices)) = data.split_first_chunk() else { return };
    let streams = history(&mut Rng::with_seed(u64::from_le_bytes(*seed)));
    let (first, second) = choices.split_at(choices.len() / 2);
    assert_eq!(shown(&interleaved(&streams, first)), shown(&interleaved(&streams, second)), "{streams:#?}");
});

/// The events in the order of arrival that the bytes choose.
fn interleaved(streams: &[Stream], choices: &[u8]) -> Vec<Told> {
    let mut rest: Vec<_> = streams.iter().map(|stream| stream.iter()).collect();
    let mut choices = choices.iter().map(|choice| usize::from(*choice)).chain(std::iter::repeat(0));
    let mut arrived = Vec::new();
    while !rest.is_empty() {
        let at = choices.next().unwrap_or(0) % rest.len();
        match rest[at].next() {
            Some(told) => arrived.push(told.clone()),
            None => drop(rest.swap_remove(at)),
        }
    }
    arrived
}
