//! What the server says about the commands.

use redis::Value;

use crate::server::{get, text, Server};

fn info(server: &Server, command: &str) -> Vec<Value> {
    let Value::Array(mut commands) = server.run(&format!("COMMAND INFO {command}")) else { panic!() };
    let Value::Array(info) = commands.remove(0) else { panic!("no {command}") };
    info
}

fn flags(info: &[Value]) -> Vec<String> {
    let (Value::Array(flags) | Value::Set(flags)) = &info[2] else { panic!("{:?}", info[2]) };
    flags.iter().map(text).collect()
}

#[test]
fn command_info_tells_arity_flags_and_where_the_object_id_stands() {
    let server = Server::start();
    for (command, arity, flag, position) in [
        ("tracker.upsert", -4, "write", 2),
        ("tracker.get", -4, "readonly", 2),
        ("tracker.query", -3, "readonly", 2),
        ("tracker.stats", -3, "readonly", 2),
        ("tracker.expire", -3, "write", 2),
        ("tracker.retain", -5, "write", 2),
        ("tracker.del", -3, "write", 2),
        ("tracker.help", 1, "fast", 0),
    ] {
        let info = info(&server, command);
        assert_eq!(info[1], Value::Int(arity), "{command}");
        assert!(flags(&info).contains(&flag.to_owned()), "{command}: {:?}", flags(&info));
        assert_eq!(info[3], Value::Int(position), "{command}");
    }
    assert!(flags(&info(&server, "tracker.upsert")).contains(&"denyoom".to_owned()));
    for command in ["expire", "del"] {
        assert!(!flags(&info(&server, &format!("tracker.{command}"))).contains(&"denyoom".to_owned()), "{command}");
    }
}

#[test]
fn command_docs_tell_what_it_is_for_and_its_arguments() {
    let server = Server::start();
    for command in ["upsert", "get", "query", "stats", "expire", "retain", "del", "help"] {
        let name = format!("tracker.{command}");
        let docs = get(&server.run(&format!("COMMAND DOCS {name}")), &name);
        for field in ["summary", "complexity", "since", "module"] {
            assert!(!text(&get(&docs, field)).is_empty(), "{name}: {field}");
        }
        if command == "help" {
            continue;
        }
        let Value::Array(arguments) = get(&docs, "arguments") else { panic!("{name}") };
        assert_eq!(text(&get(&arguments[0], "name")), "model");
        assert_eq!(text(&get(&arguments[1], "name")), "id");
    }
}

#[test]
fn no_argument_is_a_key_by_itself() {
    let server = Server::start();
    let error = server.error("COMMAND GETKEYS TRACKER.UPSERT shop.order 1042 a STATE PENDING NAME n");
    assert_eq!(error, "ERR The command has no key arguments");
}

#[test]
fn a_wrong_number_of_arguments_is_told_as_by_any_other_command() {
    let server = Server::start();
    for command in ["UPSERT m 1", "GET m 1", "QUERY m", "STATS m", "EXPIRE m", "RETAIN m 1 a", "DEL m", "HELP me"] {
        let name = command.split(' ').next().unwrap().to_lowercase();
        let expected = format!("ERR wrong number of arguments for 'tracker.{name}' command");
        assert_eq!(server.error(&format!("TRACKER.{command}")), expected);
    }
}

#[test]
fn help_tells_every_command_with_its_arguments_and_what_it_is_for() {
    let server = Server::start();
    let lines = server.list("TRACKER.HELP");
    let upsert = "TRACKER.UPSERT model id task_id [STATE state] [NAME task_name] [RUN time] [ATTEMPT n] [AT time] \
                  [RETAIN seconds] [TENTATIVE] [NX | XX] [FIELDS numfields field value [field value ...]]";
    assert_eq!(lines[0], upsert);
    let query = "TRACKER.QUERY model id [STATE state ...] [TASK name ...] [SINCE time] [UNTIL time] [MATCH text] \
                 [PAGE n] [SIZE n] [ORDER NEWEST | OLDEST] [FIELDS numfields field [field ...]] [WITHCOUNTS] [FORMAT RESP | JSON]";
    assert!(lines.contains(&query.to_owned()), "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("TRACKER.")).count(), 8);
    assert_eq!(lines.iter().filter(|line| line.starts_with("    ")).count(), 8);
}
