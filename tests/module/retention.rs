use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::server::{eventually, get, Server};

fn total(server: &Server) -> i64 {
    match get(&server.run("TRACKER.QUERY shop.order 1042"), "total") {
        redis::Value::Int(total) => total,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key_goes_by_itself_when_nothing_is_written_any_more() {
    let server = Server::start();
    for n in 0..50 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.pay RETAIN 1"));
    }
    eventually("the keys to go", || server.keys().is_empty());
}

#[test]
fn a_record_is_shown_until_its_retention_ends_and_never_after() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 long STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay RETAIN 1");
    let end: i64 = server.text("ZSCORE shop.order:{1042}:expiry a").parse().unwrap();
    loop {
        let before = server.clock();
        let (total, found) = (total(&server), server.run("TRACKER.GET shop.order 1042 a") != redis::Value::Nil);
        let after = server.clock();
        if after < end {
            assert!(total == 2 && found, "gone {} ms early", end - after);
        }
        if before >= end {
            assert!(total == 1 && !found, "still there {} ms late", before - end);
        }
        if before > end + 100 {
            return;
        }
    }
}

#[test]
fn an_update_starts_the_retention_anew() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.pay RETAIN 2");
    sleep(Duration::from_millis(1200));
    server.run("TRACKER.UPSERT shop.order 1042 a STATE STARTED");
    sleep(Duration::from_millis(1200));
    assert_eq!(total(&server), 1);
    let ttl: i64 = server.text("PTTL shop.order:{1042}:record:a").parse().unwrap();
    assert!(ttl <= 800, "{ttl}");
}

#[test]
fn steady_writes_remove_what_has_run_out() {
    let server = Server::start();
    let begun = Instant::now();
    let mut n = 0;
    while begun.elapsed() < Duration::from_millis(2500) {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.t{} RETAIN 1", n % 3));
        n += 1;
    }
    let now = server.clock();
    let oldest = server.list("ZRANGE shop.order:{1042}:expiry 0 0 WITHSCORES");
    assert!(now - oldest[1].parse::<i64>().unwrap() < 100, "{oldest:?} at {now}");
    let held: usize = server.text("ZCARD shop.order:{1042}:tasks").parse().unwrap();
    assert!(held < n, "all {n} are still there");
}

#[test]
fn a_task_id_that_ran_out_begins_anew() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay AT 1000 RETAIN 1");
    sleep(Duration::from_millis(1050));
    assert_eq!(server.text("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME shop.ship AT 2000"), "CREATED");
    assert_eq!(server.text("HGET shop.order:{1042}:record:a created_at"), "2000");
    assert_eq!(server.text("EXISTS shop.order:{1042}:state:SUCCESS"), "0");
}

#[test]
fn one_write_removes_a_bounded_number() {
    let server = Server::start();
    for n in 0..250 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.pay RETAIN 2"));
    }
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE PENDING NAME shop.pay");
    sleep(Duration::from_millis(2100));
    let held = || server.text("ZCARD shop.order:{1042}:expiry");
    assert_eq!((held(), total(&server)), ("251".into(), 1));
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE RECEIVED");
    assert_eq!((held(), total(&server)), ("151".into(), 1));
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE STARTED");
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE SUCCESS");
    assert_eq!((held(), total(&server)), ("1".into(), 1));
}

#[test]
fn a_retention_goes_on_across_a_restart() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE SUCCESS NAME shop.pay");
    for n in 0..20 {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.ship RETAIN 2"));
    }
    let ends = server.list("ZRANGE shop.order:{1042}:expiry 0 -1 WITHSCORES");
    server.kill_and_restart();
    assert_eq!(server.list("ZRANGE shop.order:{1042}:expiry 0 -1 WITHSCORES"), ends);
    let end: i64 = ends[39].parse().unwrap();
    assert_eq!(server.text("PEXPIRETIME shop.order:{1042}:record:t19"), end.to_string());
    eventually("the retention to end", || total(&server) == 1);
    assert!(server.clock() >= end);
    server.kill_and_restart();
    assert_eq!(total(&server), 1);
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE SUCCESS");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:names 0 -1"), ["shop.pay"]);
}

#[test]
fn on_a_replica_too_a_record_is_shown_until_its_retention_ends_and_never_after() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 long STATE SUCCESS NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay RETAIN 1");
    let replica = server.replica();
    let end: i64 = server.text("ZSCORE shop.order:{1042}:expiry a").parse().unwrap();
    while replica.clock() <= end + 100 {
        let before = replica.clock();
        let (total, found) = (total(&replica), replica.run("TRACKER.GET shop.order 1042 a") != redis::Value::Nil);
        let after = replica.clock();
        assert!(after >= end || (total == 2 && found), "gone {} ms early", end - after);
        assert!(before < end || (total == 1 && !found), "still there {} ms late", before - end);
    }
}

#[test]
fn reading_writes_nothing() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1042 keeper STATE PENDING NAME shop.pay");
    server.run("TRACKER.UPSERT shop.order 1042 a STATE SUCCESS NAME shop.pay RETAIN 1");
    sleep(Duration::from_millis(1050));
    let held = server.list("ZRANGE shop.order:{1042}:tasks 0 -1");
    assert_eq!(total(&server), 1);
    server.run("TRACKER.GET shop.order 1042 a");
    assert_eq!(server.list("ZRANGE shop.order:{1042}:tasks 0 -1"), held);
}

#[test]
fn nothing_that_ran_out_is_counted_while_its_indexes_go_one_after_the_other() {
    let server = Server::start();
    let begun = Instant::now();
    let mut n = 0;
    while begun.elapsed() < Duration::from_millis(400) {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 t{n} STATE SUCCESS NAME shop.t{} RETAIN 1", n % 7));
        n += 1;
    }
    let end: i64 = server.list("ZRANGE shop.order:{1042}:expiry -1 -1 WITHSCORES")[1].parse().unwrap();
    loop {
        let before = server.clock();
        for filter in (0..7).map(|n| format!("TASK shop.t{n}")).chain(["STATE SUCCESS".into()]) {
            let page = server.run(&format!("TRACKER.QUERY shop.order 1042 {filter} WITHCOUNTS"));
            if before >= end {
                assert_eq!(get(&page, "total"), redis::Value::Int(0), "{filter}, {} ms after the end", before - end);
                assert!(crate::server::pairs(&get(&page, "states")).is_empty());
            }
        }
        if before > end + 100 {
            return;
        }
    }
}

#[test]
fn an_index_goes_after_its_newest_member_and_little_later() {
    let server = Server::start_with(&["retention-window", "5"]);
    let mut random = fastrand::Rng::with_seed(7);
    let longest = 6;
    for step in 0..400 {
        // A task's steps follow one another at once, soon and late, among all else that may shift an end.
        let task = step / 4;
        match random.u8(0..20) {
            0 => drop(server.run(&format!("CONFIG SET tracker.retention-window {}", random.u8(4..7)))),
            1 => drop(server.run(&format!("TRACKER.EXPIRE m 1 {}", random.u8(4..6)))),
            2 => drop(server.run(&format!("TRACKER.RETAIN m 1 t{} {}", task - task.min(3), random.u8(2..7)))),
            3 => drop(server.run(&format!("TRACKER.DEL m 1 t{}", task - task.min(2)))),
            _ => {}
        }
        let state = ["PENDING", "RECEIVED", "STARTED", "SUCCESS"][step % 4];
        server.run(&format!("TRACKER.UPSERT m 1 t{task} STATE {state} NAME n{}", task % 2));
        sleep(Duration::from_millis(random.choice([0, 0, 0, 2, 4, 12, 25, 40]).unwrap()));

        let members = server.list("ZRANGE m:{1}:expiry 0 -1 WITHSCORES");
        let ends: std::collections::BTreeMap<_, _> =
            members.chunks(2).map(|member| (&member[0], member[1].parse::<i64>().unwrap())).collect();
        let last = *ends.values().max().unwrap();
        for key in server.keys().into_iter().filter(|key| !key.contains(":record:")) {
            let end: i64 = server.text(&format!("PEXPIRETIME {key}")).parse().unwrap();
            let newest = server.list(&format!("ZRANGE {key} 0 -1")).iter().filter_map(|id| ends.get(id)).max().copied();
            let newest = newest.unwrap_or(last);
            assert!(end >= newest, "{key} goes {} ms before its newest member", newest - end);
            assert!(end <= last + longest * 20, "{key} goes {} ms after the object", end - last);
        }
    }
}

#[test]
fn a_task_that_has_not_started_is_kept_until_a_window_after_it_is_due() {
    let server = Server::start();
    let due = server.clock() + 10 * 86_400_000;
    let end = |id: &str| server.text(&format!("PEXPIRETIME shop.order:{{1042}}:record:{id}")).parse::<i64>().unwrap();
    server.run(&format!("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME n FIELDS 1 eta {due}"));
    assert_eq!(end("a"), due + 86_400_000);
    server.run("TRACKER.UPSERT shop.order 1042 a STATE RECEIVED RETAIN 60");
    assert_eq!(end("a"), due + 60_000);
    assert_eq!(server.text("ZSCORE shop.order:{1042}:expiry a"), (due + 60_000).to_string());
    server.run("TRACKER.UPSERT shop.order 1042 a STATE STARTED");
    assert!((server.clock()..=server.clock() + 60_000).contains(&end("a")), "{}", end("a"));
    for key in server.keys() {
        let ttl: i64 = server.text(&format!("PTTL {key}")).parse().unwrap();
        assert!(ttl <= 62_000, "{key} lives for {ttl} ms");
    }
    // The message that tells when it is due may arrive late, and the retry of a task is due anew.
    server.run("TRACKER.UPSERT shop.order 1042 b STATE RECEIVED NAME n");
    let late = format!("TRACKER.UPSERT shop.order 1042 b STATE PENDING FIELDS 1 eta {due}");
    assert_eq!(server.text(&late), "STALE");
    assert_eq!(end("b"), due + 86_400_000);
    server.run("TRACKER.UPSERT shop.order 1042 b STATE RETRY ATTEMPT 1");
    assert!(end("b") <= server.clock() + 86_400_000);
    let rfc3339 = "TRACKER.UPSERT shop.order 1042 b STATE RETRY ATTEMPT 1 FIELDS 1 eta 2100-01-01T02:00:00.5+02:00";
    server.run(rfc3339);
    assert_eq!(end("b"), 4_102_444_800_500 + 86_400_000);
}

#[test]
fn a_due_time_that_is_past_or_no_time_is_left_out_of_account_and_one_far_off_is_bounded() {
    let server = Server::start();
    for eta in ["1000", "soon", "-5", "2026-01-01"] {
        server.run(&format!("TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME n FIELDS 1 eta {eta}"));
        let ttl: i64 = server.text("PTTL shop.order:{1042}:record:a").parse().unwrap();
        assert!((80_000_000..=86_400_000).contains(&ttl), "{eta}: {ttl}");
    }
    server.run("TRACKER.UPSERT shop.order 1042 a STATE PENDING FIELDS 1 eta 9999-12-31T23:59:59Z");
    let ttl: i64 = server.text("PTTL shop.order:{1042}:record:a").parse().unwrap();
    assert!(ttl <= 3_153_600_000_000 + 86_400_000, "{ttl}");
}
