use redis::Value;

use crate::server::{call, get, pairs, text, Server};

#[test]
fn a_record_is_a_map_with_the_kept_fields_first() {
    let server = Server::start();
    server.run(
        "TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay AT 7000 RETAIN 60 FIELDS 2 worker w args []",
    );
    let record = server.run("TRACKER.GET SHOP.ORDER 1042 a1");
    let fields: Vec<_> = pairs(&record).into_iter().map(|(field, _)| field).collect();
    let kept = ["id", "name", "state", "attempt", "created_at", "updated_at", "started_at", "retention"];
    assert_eq!(fields, [&kept[..], &["args", "worker"]].concat());
    assert_eq!(get(&record, "started_at"), Value::Int(7000));
    assert_eq!(get(&record, "attempt"), Value::Int(0));
    assert_eq!(get(&record, "retention"), Value::Int(60));
}

#[test]
fn a_resp3_client_gets_a_map_and_a_null() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay");
    let mut connection = server.connect_resp3();
    let record = call(&mut connection, &[b"TRACKER.GET", b"shop.order", b"1042", b"a1"]).unwrap();
    assert!(matches!(record, Value::Map(_)));
    assert_eq!(call(&mut connection, &[b"TRACKER.GET", b"shop.order", b"1042", b"none"]), Ok(Value::Nil));
}

#[test]
fn named_fields_come_in_the_order_asked_for_and_missing_ones_are_left_out() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay FIELDS 1 worker w1");
    let record = server.run("TRACKER.GET shop.order 1042 a1 FIELDS 4 worker traceback state worker");
    let fields: Vec<_> = pairs(&record).iter().map(|(field, value)| (field.clone(), text(value))).collect();
    assert_eq!(fields, [("worker".into(), "w1".into()), ("state".into(), "STARTED".into())]);
}

#[test]
fn a_task_of_another_object_is_not_found() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a1 STATE STARTED NAME shop.pay");
    assert_eq!(server.text("TRACKER.GET shop.order 1043 a1"), "nil");
    assert_eq!(server.text("TRACKER.GET shop.product 1042 a1"), "nil");
    assert_eq!(server.text("TRACKER.GET shop.order 1042 A1"), "nil");
}

#[test]
fn any_bytes_are_given_back_as_they_came() {
    let server = Server::start();
    let value: Vec<u8> = (0..=255).collect();
    let words: [&[u8]; 11] =
        [b"TRACKER.UPSERT", b"m", b"1", b"a", b"STATE", b"SUCCESS", b"NAME", b"n", b"FIELDS", b"1", b"result"];
    call(&mut server.connect(), &[&words[..], &[value.as_slice()]].concat()).unwrap();
    assert_eq!(get(&server.run("TRACKER.GET m 1 a"), "result"), Value::BulkString(value));
}
