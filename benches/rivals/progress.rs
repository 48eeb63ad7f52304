//! Shows on the terminal what is being measured.

use std::io::{stderr, IsTerminal, Write};
use std::time::Instant;

/// A line that shows how far the run is.
pub struct Progress {
    begun: Instant,
    chapter: &'static str,
}

impl Progress {
    pub fn new() -> Self {
        Self { begun: Instant::now(), chapter: "" }
    }

    /// Begins another chapter.
    pub fn chapter(&mut self, title: &'static str) {
        self.chapter = title;
        if stderr().is_terminal() {
            self.say("");
        } else {
            eprintln!("{:>4} s  {title}", self.begun.elapsed().as_secs());
        }
    }

    /// The rounds of this chapter.
    pub fn rounds(&self, count: usize) -> impl Iterator<Item = usize> + use<'_> {
        (0..count).inspect(move |round| self.say(&format!(", round {} of {count}", round + 1)))
    }

    /// Shows how far the chapter is, on a terminal.
    pub fn say(&self, how_far: &str) {
        if stderr().is_terminal() {
            let _ = write!(stderr(), "\r\x1b[K{:>4} s  {}{how_far}", self.begun.elapsed().as_secs(), self.chapter);
            let _ = stderr().flush();
        }
    }

    /// All is done.
    pub fn end(&mut self) {
        self.say("");
        eprintln!();
    }
}
