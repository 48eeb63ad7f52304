//! Each word of a command: no bytes make its reader panic, and what it takes is within the promised bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_fuzz::model::{number, FieldName, KeyNames, Object, State, TaskId, TaskName, Time, Value};

fuzz_target!(|data: &[u8]| {
    let (first, second) = data.split_at(data.len() / 2);
    if let Ok(object) = Object::new(first, second) {
        let tasks = KeyNames::new(&object).tasks();
        let key = std::str::from_utf8(&tasks).expect("the key is text");
        let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
        assert_eq!(tag, Some(object.id()), "all keys of an object go to the slot of its id");
    }
    if let Ok(task_id) = TaskId::new(data) {
        assert_eq!(task_id.as_bytes(), data);
        assert!((1..=255).contains(&data.len()));
    }
    if let Ok(name) = TaskName::new("NAME", data) {
        assert_eq!(name.as_bytes(), data);
    }
    if let Ok(name) = FieldName::given(data) {
        assert!(FieldName::readable(data).is_ok_and(|readable| readable == name));
    }
    if let Ok(time) = Time::parse("AT", data) {
        assert_eq!(Time::from_millis(time.millis()), Some(time));
        assert_eq!(Time::parse("AT", time.rfc3339().as_bytes()).ok(), Some(time));
    }
    if let Some(state) = State::parse(data) {
        assert_eq!(State::parse(state.name().as_bytes()), Some(state));
    }
    let _: Option<i64> = number(data);
    if let Some((longest, value)) = data.split_first() {
        let longest = usize::from(*longest).max(1);
        if let Value::Cut { head, full_length } = Value::new(value, longest) {
            assert!(head.len() <= longest && full_length == value.len() && value.starts_with(head));
        }
    }
});
