//! Events of one task in any order of arrival that keeps the order of each process.

use fastrand::Rng;
use proptest::prelude::*;

use crate::model::State;

#[path = "../../../tests/module/history.rs"]
mod history;
#[path = "../../../tests/soak/shown.rs"]
mod shown;

use history::interleaved;
use shown::{apply, shown, time, Fields, Shown};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn every_interleaving_ends_in_one_record(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let streams = history::history(&mut random);
        let (first, second) = (interleaved(&streams, &mut random), interleaved(&streams, &mut random));
        prop_assert_eq!(shown(&first), shown(&second), "{:#?}\n{:#?}", first, second);
    }

    #[test]
    fn every_task_that_ends_is_shown_as_ended(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let history = if random.bool() { history::history } else { history::overlapping_deliveries };
        let streams = history(&mut random);
        let events = interleaved(&streams, &mut random);
        let record = shown(&events).record;
        prop_assert!(record.state.is_final() && !record.tentative, "{:?} {:#?}", record, events);
    }

    #[test]
    fn nothing_reopens_a_task_that_was_delivered_once(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let streams = history::history_of_single_deliveries(&mut random);
        let events = interleaved(&streams, &mut random);
        let mut before = apply(None, &events[0]);
        for told in &events[1..] {
            let after = apply(Some(&before), told);
            let page = |shown: &Shown| (shown.record.run, shown.record.attempt);
            let has_ended = before.record.state.is_final() && !before.record.tentative;
            if has_ended && page(&before) == page(&after) {
                prop_assert!(after.record.state.is_final(), "{told:?} reopens {before:?}");
            }
            before = after;
        }
    }

    #[test]
    fn two_ends_of_one_attempt_never_mix(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let streams = history::overlapping_deliveries(&mut random);
        let events = interleaved(&streams, &mut random);
        let ends: Vec<_> = events
            .iter()
            .filter(|told| told.state.is_some_and(|state| State::parse(state.as_bytes()).unwrap().is_final()))
            .map(|told| {
                let state = State::parse(told.state.unwrap().as_bytes()).unwrap();
                (state, Some(time(told.at)), told.fields.iter().cloned().collect::<Fields>())
            })
            .collect();
        prop_assert!(ends.contains(&shown(&events).end()), "{:?} of {:#?}", shown(&events).end(), events);
    }

    #[test]
    fn telling_everything_again_changes_nothing(seed: u64) {
        let mut random = Rng::with_seed(seed);
        let mut streams = history::history_of_single_deliveries(&mut random);
        let once = interleaved(&streams, &mut random);
        for stream in &mut streams {
            stream.extend(stream.clone());
        }
        let twice = interleaved(&streams, &mut random);
        prop_assert_eq!(shown(&once), shown(&twice), "{:#?}\n{:#?}", once, twice);
    }
}

#[test]
fn an_event_of_an_earlier_run_changes_nothing() {
    let mut random = Rng::with_seed(11);
    for _ in 0..500 {
        let streams = history::history(&mut random);
        let events = interleaved(&streams, &mut random);
        let latest = shown(&events);
        for told in events.iter().filter(|told| told.run.is_some_and(|run| latest.record.run != Some(time(run)))) {
            assert_eq!(apply(Some(&latest), told), latest);
        }
    }
}
