//! A stored value that is embedded in the JSON of a row: every reader copes with it, and the row stays one row.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tracker_fuzz::model::embeddable;

fuzz_target!(|data: &[u8]| {
    if let Some(json) = embeddable(data) {
        let row = format!("{{\"args\":{}}}", json.get());
        let row: Value = serde_json::from_str(&row).expect("the row is JSON");
        assert_eq!(row.as_object().map(|row| row.len()), Some(1));
        assert!(depth(&row["args"]) <= 32);
    }
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
