use crate::server::Server;

fn server_with_three() -> Server {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 b STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 c STATE SUCCESS NAME shop.ship");
    server
}

#[test]
fn named_records_leave_with_their_ids_and_are_counted_once() {
    let server = server_with_three();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042 a c none c"), "2");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1"), ["b"]);
    assert_eq!(server.list("ZRANGE shop.order:{1042}:names 0 -1"), ["shop.pay"]);
    assert_eq!(server.text("EXISTS shop.order:{1042}:state:PENDING"), "0");
}

#[test]
fn the_whole_object_leaves_nothing_behind() {
    let server = server_with_three();
    server.run("TRACKER.UPSERT shop.order 1 a STATE PENDING NAME shop.pay");
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "3");
    assert!(server.keys().iter().all(|key| key.starts_with("shop.order:{1}:")));
    assert_eq!(server.text("TRACKER.DEL shop.order 1042"), "0");
}

#[test]
fn the_last_record_takes_every_key_with_it() {
    let server = server_with_three();
    assert_eq!(server.text("TRACKER.DEL shop.order 1042 a b c"), "3");
    assert_eq!(server.keys().len(), 0);
}
