//! Invariant 8.1, checked with Redis' own commands only: a live record's id is in `tasks`, `expiry`, exactly one
//! `state:*` and exactly one `task:*`, and in no other; an id in an index has a live record or is past its retention.

use std::collections::{BTreeMap, BTreeSet};

use redis::{from_redis_value_ref, Connection, Value};

#[derive(Default, Debug)]
struct Object {
    records: BTreeMap<String, Record>,
    /// Every sorted set but `names`, by the part of its key after the object.
    indexes: BTreeMap<String, BTreeMap<String, f64>>,
    names: BTreeSet<String>,
    /// When the whole object was deleted, in unix milliseconds.
    deleted_at: Option<i64>,
    /// When each key expires, in unix milliseconds, by the part of its key after the object.
    ends: BTreeMap<String, i64>,
}

#[derive(Debug)]
struct Record {
    fields: BTreeMap<String, Vec<u8>>,
    end: i64,
}

pub fn check(connection: &mut Connection) {
    let keys: Vec<String> = redis::cmd("KEYS").arg("*:{*}:*").query(connection).unwrap();
    // MIGRATE passes a TTL on as a span, so a hash may expire a little late after its slot has moved.
    let is_cluster: String = redis::cmd("INFO").arg("cluster").query(connection).unwrap();
    let is_cluster = is_cluster.contains("cluster_enabled:1");
    let drift = if is_cluster { 2_000 } else { 0 };
    if is_cluster {
        // Without this a replica sends its readers to its primary.
        redis::cmd("READONLY").exec(connection).unwrap();
    }
    let mut objects = BTreeMap::<&str, Vec<&str>>::new();
    for key in &keys {
        let (name, kind) = key.split_at(key.find("}:").unwrap() + 2);
        objects.entry(name).or_default().push(kind);
    }
    for (name, kinds) in objects {
        let (now, object) = read(connection, name, &kinds);
        check_object(name, &object, now, drift);
    }
}

/// The fields of a record's end have to fit its state.
fn check_end(record: &str, Record { fields, .. }: &Record) {
    let is_final = matches!(&fields["state"][..], b"SUCCESS" | b"FAILURE" | b"REVOKED" | b"REJECTED" | b"IGNORED");
    assert_eq!(fields.contains_key("finished_at"), is_final, "{record}: finished_at");
    if let Some(tentative) = fields.get("tentative") {
        assert!(tentative == b"1" && is_final, "{record}: tentative");
    }
}

fn check_object(name: &str, object: &Object, now: i64, drift: i64) {
    let none = BTreeMap::new();
    let index = |kind: &str| object.indexes.get(kind).unwrap_or(&none);
    let (tasks, expiry) = (index("tasks"), index("expiry"));

    for (id, record) in &object.records {
        if expiry.get(id).is_none_or(|end| *end <= now as f64) && record.end <= now {
            continue;
        }
        let field = |field: &str| {
            let value = record.fields.get(field).unwrap_or_else(|| panic!("{name} {id}: no {field}"));
            std::str::from_utf8(value).unwrap_or_else(|_| panic!("{name} {id}: {field} is no text"))
        };
        let created_at: f64 = field("created_at").parse().unwrap();
        check_end(&format!("{name} {id}"), record);
        assert_eq!(field("id"), id, "{name}: the record names another id");
        assert_eq!(tasks.get(id), Some(&created_at), "{name} {id}: score in tasks");
        let end = expiry.get(id).unwrap_or_else(|| panic!("{name} {id}: not in expiry"));
        let later = record.end - *end as i64;
        assert!((0..=drift).contains(&later), "{name} {id}: the hash goes {later} ms after the end in expiry");
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
            let past_its_retention = expiry.get(id).is_some_and(|end| *end <= now as f64);
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
                tasks.keys().any(|id| expiry.get(id).is_none_or(|end| *end <= now as f64))
            },
            "{name}: {task} is in names without a task"
        );
    }
    if let Some(deleted_at) = object.deleted_at {
        // A publisher's clock may be an hour ahead.
        assert!((1..=now + 3_600_000).contains(&deleted_at), "{name}: deleted at {deleted_at}, now {now}");
    }
    for (key, end) in &object.ends {
        assert!(*end > 0, "{name}:{key} has no TTL");
    }
}

/// All keys of an object as they are at one moment, and that moment.
fn read(connection: &mut Connection, name: &str, kinds: &[&str]) -> (i64, Object) {
    // Time stands still in a transaction, so that no key goes between two of its commands.
    let mut transaction = redis::pipe();
    transaction.atomic().cmd("TIME");
    for kind in kinds {
        let key = format!("{name}{kind}");
        transaction.cmd("PEXPIRETIME").arg(&key);
        if kind.starts_with("record:") {
            transaction.cmd("HGETALL").arg(&key);
        } else if *kind == "deleted" {
            transaction.cmd("GET").arg(&key);
        } else {
            transaction.cmd("ZRANGE").arg(&key).arg("0").arg("-1").arg("WITHSCORES");
        }
    }
    let replies: Vec<Value> = transaction.query(connection).unwrap();
    let (seconds, micros): (i64, i64) = from_redis_value_ref(&replies[0]).unwrap();

    let mut object = Object::default();
    for (kind, replies) in kinds.iter().zip(replies[1..].chunks(2)) {
        let end: i64 = from_redis_value_ref(&replies[0]).unwrap();
        let gone_meanwhile = -2;
        if end == gone_meanwhile {
            continue;
        }
        object.ends.insert((*kind).to_owned(), end);
        if let Some(id) = kind.strip_prefix("record:") {
            let fields = from_redis_value_ref(&replies[1]).unwrap();
            object.records.insert(id.to_owned(), Record { fields, end });
        } else if *kind == "deleted" {
            object.deleted_at = from_redis_value_ref(&replies[1]).unwrap();
        } else {
            let members: Vec<(String, f64)> = from_redis_value_ref(&replies[1]).unwrap();
            match *kind {
                "names" => object.names = members.into_iter().map(|(name, _)| name).collect(),
                _ => drop(object.indexes.insert((*kind).to_owned(), members.into_iter().collect())),
            }
        }
    }
    (seconds * 1000 + micros / 1000, object)
}
