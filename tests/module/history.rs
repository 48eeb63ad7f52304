//! Random histories of one task: what each process reports, in its own order, by its own clock.

use fastrand::Rng;

/// One event as a process reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub state: Option<&'static str>,
    pub run: Option<i64>,
    pub attempt: u32,
    pub at: i64,
    pub tentative: bool,
    pub fields: Vec<(String, String)>,
}

/// What one process reports, in order.
pub type Stream = Vec<Told>;

const MINUTE: i64 = 60_000;
const ENDS: [&str; 5] = ["SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"];

/// A task that is sent once or several times under one id, each time with attempts that retry, and whose last attempt may
/// be delivered several times. Clocks are up to five minutes off.
pub fn history(random: &mut Rng) -> Vec<Stream> {
    history_with(random, 3)
}

/// The same with no message delivered more than once.
pub fn history_of_single_deliveries(random: &mut Rng) -> Vec<Stream> {
    history_with(random, 1)
}

fn history_with(random: &mut Rng, most_deliveries: usize) -> Vec<Stream> {
    let runs = random.usize(1..4);
    // Events without a run are about the run shown, so there may be one run only where some lack it.
    let without_run = if runs == 1 { random.usize(0..3) } else { 0 };
    let mut streams = Vec::new();
    for run in 0..runs {
        let most_deliveries = if without_run == 0 { most_deliveries } else { 1 };
        let mut of_run = Run::new(random, run as i64).streams(random, most_deliveries);
        for told in of_run.iter_mut().flatten() {
            match without_run {
                1 => told.run = None,
                // Only STARTED has to name its run, since it may be another delivery.
                2 if told.state != Some("STARTED") && random.bool() => told.run = None,
                _ => {}
            }
        }
        streams.append(&mut of_run);
    }
    for stream in &mut streams {
        // A packet whose reply was lost is sent again.
        if random.u8(0..4) == 0 {
            let packet = stream[random.usize(0..stream.len())..].to_vec();
            stream.extend(packet);
        }
    }
    streams
}

/// Two workers that run one message at the same time, each with its own clock. Every end is reported with an `error`, and
/// with a `result` or a `traceback` that no other end has.
pub fn overlapping_deliveries(random: &mut Rng) -> Vec<Stream> {
    let mut run = Run::new(random, 0);
    let mut streams = vec![vec![run.told(Some("PENDING"), 0, 0, &[])]];
    for delivery in 0..random.usize(2..4) {
        let clock = skew(random);
        run.now += random.i64(0..3 * MINUTE);
        let started = run.told(Some("STARTED"), 0, clock, &[("worker", delivery.to_string())]);
        run.now += random.i64(1..3 * MINUTE);
        let own = random.choice(["result", "traceback", "exception"]).unwrap();
        let fields = [("error", delivery.to_string()), (own, delivery.to_string())];
        let ended = run.told(Some(random.choice(&ENDS[..2]).unwrap()), 0, clock, &fields);
        streams.push(vec![started, ended]);
    }
    streams
}

/// The events in an order of arrival that keeps the order of each stream.
pub fn interleaved(streams: &[Stream], random: &mut Rng) -> Vec<Told> {
    let mut rest: Vec<_> = streams.iter().map(|stream| stream.iter()).collect();
    let mut arrived = Vec::new();
    while !rest.is_empty() {
        let at = random.usize(0..rest.len());
        match rest[at].next() {
            Some(told) => arrived.push(told.clone()),
            None => drop(rest.swap_remove(at)),
        }
    }
    arrived
}

fn skew(random: &mut Rng) -> i64 {
    random.i64(-5 * MINUTE..5 * MINUTE)
}

struct Run {
    run: i64,
    now: i64,
}

impl Run {
    fn new(random: &mut Rng, number: i64) -> Self {
        let now = 1_600_000_000_000 + number * 1_000 * MINUTE;
        Self { run: now + skew(random), now }
    }

    fn told(&self, state: Option<&'static str>, attempt: u32, clock: i64, fields: &[(&str, String)]) -> Told {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Told { state, run: Some(self.run), attempt, at: self.now + clock, tentative: false, fields }
    }

    /// What the processes of one run report: the publisher, the main process and the child of each attempt's worker, and
    /// perhaps somebody who takes the task for lost.
    fn streams(mut self, random: &mut Rng, most_deliveries: usize) -> Vec<Stream> {
        let args = |attempt: u32| ("args", format!("[{attempt}]"));
        let last = random.u32(0..3);
        let mut streams = vec![vec![self.told(Some("PENDING"), 0, self.run - self.now, &[args(0)])]];
        for attempt in 0..=last {
            let clock = skew(random);
            let (mut main, mut child) = (Vec::new(), Vec::new());
            // The next delivery begins after the end of the one before has arrived: which of two deliveries that overlap
            // is shown depends on which end arrives first.
            let deliveries = if attempt == last { random.usize(1..=most_deliveries) } else { 1 };
            for delivery in 0..deliveries {
                // A delivery may go to another worker, whose clock may be behind.
                let clock = if delivery == 0 { clock } else { skew(random) };
                let mut later = |run: &mut Self| run.now += random.i64(0..MINUTE);
                later(&mut self);
                main.push(self.told(Some("RECEIVED"), attempt, clock, &[args(attempt)]));
                later(&mut self);
                // STARTED gives what PENDING and RECEIVED gave, since another delivery begins with no given fields.
                let worker = ("worker", delivery.to_string());
                child.push(self.told(Some("STARTED"), attempt, clock, &[args(attempt), worker]));
                later(&mut self);
                child.push(self.told(None, attempt, clock, &[("progress", delivery.to_string())]));
                later(&mut self);
                if attempt == last {
                    let state = random.choice(ENDS).unwrap();
                    let fields = if state == "SUCCESS" { &["result"][..] } else { &["error", "traceback"] };
                    let fields: Vec<_> = fields.iter().map(|name| (*name, format!("{name} {delivery}"))).collect();
                    // The main process reports the end of a child that was killed.
                    let is_killed = deliveries == 1 && random.u8(0..4) == 0;
                    let stream = if is_killed { &mut main } else { &mut child };
                    stream.push(self.told(Some(state), attempt, clock, &fields));
                } else {
                    let history = (format!("attempt_{attempt}"), "failed".to_owned());
                    child.push(self.told(Some("PENDING"), attempt + 1, clock, &[args(attempt + 1)]));
                    child.push(self.told(Some("RETRY"), attempt + 1, clock, &[(&history.0, history.1)]));
                }
            }
            streams.extend([main, child]);
        }
        // The task is marked as lost long after it began: an end before the start would be that of another delivery.
        if random.u8(0..3) == 0 {
            let lost = self.told(Some("FAILURE"), last, 20 * MINUTE, &[("error", "lost".to_owned())]);
            streams.push(vec![Told { tentative: true, ..lost }]);
        }
        streams
    }
}
