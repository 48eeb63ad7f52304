use std::thread::sleep;
use std::time::Duration;

use crate::server::{call, text, Server};

/// Commands of every kind on a few objects, with repeats, stale events, short retentions and deletions among them.
fn random_command(random: &mut fastrand::Rng, now: i64) -> String {
    let object = random.u8(0..3);
    let task = random.u8(0..40);
    match random.u8(0..100) {
        0..=1 => format!("TRACKER.DEL shop.order {object} t{task}"),
        2 => format!("TRACKER.DEL shop.order {object}"),
        3..=5 => format!("TRACKER.EXPIRE shop.order {object}"),
        6 => format!("TRACKER.EXPIRE shop.order {object} {}", random.u16(0..2000)),
        7..=9 => format!("TRACKER.RETAIN shop.order {object} t{task} {}", random.u16(1..3)),
        _ => {
            let states = ["PENDING", "RECEIVED", "RETRY", "STARTED", "SUCCESS", "FAILURE"];
            let mut command = format!(
                "TRACKER.UPSERT shop.order {object} t{task} STATE {} NAME shop.n{} ATTEMPT {}",
                random.choice(states).unwrap(),
                random.u8(0..3),
                random.u8(0..3),
            );
            if random.bool() {
                command += &format!(" AT {}", now - random.i64(-1000..1_000_000));
            }
            match random.u8(0..6) {
                0 => command += " RETAIN 1",
                1 => command += &format!(" RUN {}", now - random.i64(0..3)),
                4 => command += &format!(" FIELDS 1 eta {}", now + random.i64(0..100_000)),
                2 => command += " NX",
                3 => command += " XX",
                _ => {}
            }
            if command.contains("FIELDS") {
                return command;
            }
            command + &format!(" FIELDS 2 worker w{} result {}", random.u8(0..9), "x".repeat(random.usize(1..100)))
        }
    }
}

fn run_stream(server: &Server, seed: u64, commands: usize) {
    let mut connection = server.connect();
    let mut random = fastrand::Rng::with_seed(seed);
    let now = server.clock();
    for n in 0..commands {
        let command = random_command(&mut random, now);
        let words: Vec<_> = command.split_whitespace().map(str::as_bytes).collect();
        call(&mut connection, &words).unwrap_or_else(|error| panic!("{command}: {error}"));
        if n % 100 == 0 {
            sleep(Duration::from_millis(150));
        }
    }
}

/// Waits until the short retentions have ended and the server has noticed it.
fn settle(server: &Server) {
    sleep(Duration::from_millis(2300));
    for object in 0..3 {
        server.run(&format!("TRACKER.EXPIRE shop.order {object}"));
    }
}

#[test]
fn a_replica_holds_the_same_data() {
    let server = Server::start();
    let replica = server.replica();
    for seed in 0..3 {
        run_stream(&server, seed, 1500);
        settle(&server);
        server.wait_for(&replica);
        assert_eq!(server.digest(), replica.digest(), "seed {seed}");
    }
}

#[test]
fn a_server_restarted_from_its_aof_holds_the_same_data() {
    let mut server = Server::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    run_stream(&server, 7, 2000);
    settle(&server);
    let digest = server.digest();
    server.kill_and_restart();
    assert_eq!(server.digest(), digest);
    server.run("BGREWRITEAOF");
    crate::server::eventually("the rewrite", || server.info("persistence").contains("aof_rewrite_in_progress:0"));
    run_stream(&server, 8, 500);
    settle(&server);
    let digest = server.digest();
    server.kill_and_restart();
    assert_eq!(server.digest(), digest);
}

#[test]
fn a_replica_restarted_from_its_own_aof_holds_the_same_data() {
    let server = Server::start();
    let replica = server.replica_with(&["--appendonly", "yes"]);
    run_stream(&server, 21, 1500);
    settle(&server);
    server.wait_for(&replica);
    replica.run("REPLICAOF NO ONE");
    replica.run("DEBUG LOADAOF");
    assert_eq!(replica.digest(), server.digest());
}

#[test]
fn a_server_reloaded_from_rdb_holds_the_same_data() {
    let server = Server::start();
    run_stream(&server, 9, 1500);
    settle(&server);
    let digest = server.digest();
    server.run("DEBUG RELOAD");
    assert_eq!(server.digest(), digest);
}

#[test]
fn a_replica_that_takes_over_goes_on_where_the_primary_was() {
    let server = Server::start();
    let replica = server.replica();
    run_stream(&server, 11, 800);
    settle(&server);
    server.wait_for(&replica);
    let digest = server.digest();
    replica.run("REPLICAOF NO ONE");
    drop(server);
    assert_eq!(replica.digest(), digest);
    run_stream(&replica, 12, 800);
}

#[test]
fn a_replica_with_other_settings_holds_the_same_data() {
    let server = Server::start_with(&["retention-window", "50", "max-tasks-per-object", "5", "max-value-bytes", "20"]);
    let replica = server.replica();
    run_stream(&server, 13, 1500);
    server.run("CONFIG SET tracker.max-tasks-per-object 3");
    server.run("CONFIG SET tracker.max-value-bytes 7");
    run_stream(&server, 14, 500);
    settle(&server);
    server.wait_for(&replica);
    assert_eq!(server.digest(), replica.digest());
}

#[test]
fn an_update_is_one_replicated_command_and_one_that_changes_nothing_is_none() {
    let server = Server::start();
    let offset = || {
        let info = server.info("replication");
        let line = info.lines().find(|line| line.starts_with("master_repl_offset")).unwrap().to_owned();
        line.split(':').nth(1).unwrap().parse::<usize>().unwrap()
    };
    let _replica = server.replica();
    server.run("TRACKER.UPSERT shop.order 1 a STATE STARTED NAME n ATTEMPT 1 AT 5000");
    let before = offset();
    server.run("TRACKER.UPSERT shop.order 1 a STATE SUCCESS AT 6000 ATTEMPT 1");
    let one = offset() - before;
    let request =
        "*10\r\n$14\r\nTRACKER.UPSERT\r\n$10\r\nshop.order\r\n$1\r\n1\r\n$1\r\na\r\n$5\r\nSTATE\r\n$7\r\nSUCCESS\r\n\
                   $2\r\nAT\r\n$4\r\n6000\r\n$7\r\nATTEMPT\r\n$1\r\n1\r\n"
            .len();
    assert!((request..request + 60).contains(&one), "{one} bytes for a request of {request}");

    server.run("TRACKER.EXPIRE shop.order 1 3153600000");
    let before = offset();
    server.run("TRACKER.EXPIRE shop.order 1 3153600000");
    server.run("TRACKER.UPSERT shop.order 1 a STATE FAILURE AT 7000 ATTEMPT 0 FIELDS 1 error boom");
    server.run("TRACKER.UPSERT shop.order 1 b XX STATE FAILURE NAME n");
    server.run("TRACKER.DEL shop.order 1 nothing");
    server.run("TRACKER.EXPIRE shop.order 1");
    server.run("TRACKER.QUERY shop.order 1");
    server.try_run("TRACKER.UPSERT shop.order 1 c STATE FAILURE").unwrap_err();
    assert_eq!(offset(), before);
}

#[test]
fn a_replica_reads_by_its_own_clock_and_refuses_to_write() {
    let server = Server::start();
    server.run("TRACKER.UPSERT shop.order 1 a STATE SUCCESS NAME n RETAIN 1");
    server.run("TRACKER.UPSERT shop.order 1 b STATE SUCCESS NAME n");
    let replica = server.replica();
    let total = |server: &Server| text(&crate::server::get(&server.run("TRACKER.QUERY shop.order 1"), "total"));
    crate::server::eventually("the retention to end on the replica", || total(&replica) == "1");
    assert_eq!(replica.text("TRACKER.GET shop.order 1 a"), "nil");
    for write in ["UPSERT shop.order 1 a STATE STARTED", "DEL shop.order 1", "EXPIRE shop.order 1"] {
        assert!(replica.error(&format!("TRACKER.{write}")).starts_with("READONLY"));
    }
}

#[test]
fn transactions_and_scripts_replicate_what_they_did() {
    let server = Server::start();
    let replica = server.replica();
    let mut connection = server.connect();
    redis::pipe()
        .atomic()
        .cmd("TRACKER.UPSERT")
        .arg(&["m", "1", "a", "STATE", "PENDING", "NAME", "n"])
        .ignore()
        .cmd("TRACKER.UPSERT")
        .arg(&["m", "1", "a", "STATE", "STARTED"])
        .ignore()
        .cmd("TRACKER.DEL")
        .arg(&["m", "1", "none"])
        .ignore()
        .exec(&mut connection)
        .unwrap();
    let script = "redis.call('TRACKER.UPSERT', 'm', '1', 'b', 'STATE', 'PENDING', 'NAME', 'n', 'RETAIN', '2') \
                  return redis.call('TRACKER.UPSERT', 'm', '1', 'a', 'STATE', 'SUCCESS')";
    redis::cmd("EVAL").arg(script).arg("0").exec(&mut connection).unwrap();
    server.wait_for(&replica);
    assert_eq!(server.digest(), replica.digest());
    assert_eq!(replica.list("ZRANGE m:{1}:state:SUCCESS 0 -1"), ["a"]);
}

#[test]
fn an_ordinary_client_cannot_pass_for_the_primary() {
    let server = Server::start();
    let error = server.error("TRACKER.UPSERT m 1 a STATE PENDING NAME n @1000:1:1:1");
    assert!(error.starts_with("ERR unexpected argument '@1000:1:1:1'"), "{error}");
}
