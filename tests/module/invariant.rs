//! Invariant 8.1, checked with Redis' own commands only: a live record's id is in `tasks`, `expiry`, exactly one
//! `state:*` and exactly one `task:*`, and in no other; an id in an index has a live record or is past its retention.

use std::collections::{BTreeMap, BTreeSet};

use redis::Connection;

#[derive(Default, Debug)]
struct Object {
    records: BTreeMap<String, Record>,
    /// Every sorted set but `names`, by the part of its key after the object.
    indexes: BTreeMap<String, BTreeMap<String, f64>>,
    names: BTreeSet<String>,
    /// When each key goes, in unix milliseconds, by the part of its key after the object.
    ends: BTreeMap<String, i64>,
}

#[derive(Debug)]
struct Record {
    fields: BTreeMap<String, Vec<u8>>,
    end: i64,
}

pub fn check(connection: &mut Connection) {
    let before = clock(connection);
    let objects = read(connection);
    let after = clock(connection);
    for (name, object) in &objects {
        check_object(name, object, before, after);
    }
}

fn check_object(name: &str, object: &Object, before: i64, after: i64) {
    let none = BTreeMap::new();
    let index = |kind: &str| object.indexes.get(kind).unwrap_or(&none);
    let (tasks, expiry) = (index("tasks"), index("expiry"));

    for (id, record) in &object.records {
        // What ends while the keys are read may be seen in part.
        if record.end <= after {
            continue;
        }
        let field = |field: &str| {
            let value = record.fields.get(field).unwrap_or_else(|| panic!("{name} {id}: no {field}"));
            std::str::from_utf8(value).unwrap_or_else(|_| panic!("{name} {id}: {field} is no text"))
        };
        let created_at: f64 = field("created_at").parse().unwrap();
        assert_eq!(field("id"), id, "{name}: the record names another id");
        assert_eq!(tasks.get(id), Some(&created_at), "{name} {id}: score in tasks");
        assert_eq!(expiry.get(id), Some(&(record.end as f64)), "{name} {id}: score in expiry");
        for (kind, own) in [("state:", field("state")), ("task:", field("name"))] {
            let holding: Vec<_> = object
                .indexes
                .iter()
                .filter(|(index, ids)| index.starts_with(kind) && ids.contains_key(id))
                .map(|(index, ids)| (index.clone(), ids[id]))
                .collect();
            assert_eq!(holding, [(format!("{kind}{own}"), created_at)], "{name} {id}: {kind}*");
        }
        assert!(object.names.contains(field("name")), "{name} {id}: its name is not in names");
        for index in
            ["tasks", "expiry", "names", &format!("state:{}", field("state")), &format!("task:{}", field("name"))]
        {
            let end = object.ends[index];
            assert!(end >= record.end, "{name} {id}: {index} goes {} ms before the record", record.end - end);
        }
    }
    for (index, ids) in &object.indexes {
        for id in ids.keys() {
            let past_its_retention = expiry.get(id).is_some_and(|end| *end <= after as f64);
            assert!(
                object.records.contains_key(id) || past_its_retention,
                "{name}: {id} is in {index} without a record"
            );
        }
    }
    for task in &object.names {
        assert!(
            object.indexes.contains_key(&format!("task:{task}")) || tasks.is_empty() || {
                // An index may be gone by its own TTL while its name waits for the next write.
                tasks.keys().any(|id| expiry.get(id).is_none_or(|end| *end <= after as f64))
            },
            "{name}: {task} is in names without a task"
        );
    }
    for (key, end) in &object.ends {
        assert!(*end > before, "{name}:{key} has no TTL");
    }
}

fn read(connection: &mut Connection) -> BTreeMap<String, Object> {
    let keys: Vec<String> = redis::cmd("KEYS").arg("*:{*}:*").query(connection).unwrap();
    let mut objects = BTreeMap::<String, Object>::new();
    for key in keys {
        let (model_and_id, kind) = key.split_once("}:").unwrap();
        let object = objects.entry(format!("{model_and_id}}}")).or_default();
        let end: i64 = redis::cmd("PEXPIRETIME").arg(&key).query(connection).unwrap();
        let gone_meanwhile = -2;
        if end == gone_meanwhile {
            continue;
        }
        object.ends.insert(kind.to_owned(), end);
        let type_name: String = redis::cmd("TYPE").arg(&key).query(connection).unwrap();
        match (kind.strip_prefix("record:"), type_name.as_str()) {
            (Some(id), "hash") => {
                let fields = redis::cmd("HGETALL").arg(&key).query(connection).unwrap();
                object.records.insert(id.to_owned(), Record { fields, end });
            }
            (None, "zset") => {
                let members: Vec<(String, f64)> =
                    redis::cmd("ZRANGE").arg(&key).arg("0").arg("-1").arg("WITHSCORES").query(connection).unwrap();
                if kind == "names" {
                    object.names = members.into_iter().map(|(name, _)| name).collect();
                } else {
                    object.indexes.insert(kind.to_owned(), members.into_iter().collect());
                }
            }
            (_, "none") => {}
            (_, other) => panic!("{key} is a {other}"),
        }
    }
    objects
}

fn clock(connection: &mut Connection) -> i64 {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query(connection).unwrap();
    seconds * 1000 + micros / 1000
}
