//! The terms of a replicated call: no bytes make their reader panic, and what it takes reads back as itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_fuzz::model::Terms;

fuzz_target!(|data: &[u8]| {
    if let Some(terms) = Terms::parse(data) {
        assert_eq!(Terms::parse(terms.text().as_bytes()), Some(terms));
        let _ = terms.surplus(usize::MAX - 1);
    }
});
