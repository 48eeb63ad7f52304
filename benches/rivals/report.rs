//! The results of a run, as Markdown that also reads well on a terminal, and as JSON.

use std::fmt::{self, Display, Formatter};

use serde_json::{json, Value};

use crate::goals::Goal;
use crate::machine::Machine;
use crate::samples::Samples;

const INTRODUCTION: &str = "\
Written by `make bench`, which runs all of these in turn on the same updates, once they are seen to come to the same state:

- **UPSERT**: this project's one command for an update.
- **the floor**: one HSET of the whole record as the update leaves it. It decides nothing and keeps no index and no retention.
- **Lua**: the same update as a script, by EVALSHA.
- **MULTI**: the same update as a client makes it: WATCH and HMGET, then MULTI … EXEC of what changes.
- **the blind MULTI**: the changes of an update as native commands, by a client that reads nothing and decides nothing.
- **the plain key structure**: a hash under the task's id and three sorted sets an object, as redis-py code keeps them.

A figure is the median of its rounds, with the quartiles in brackets; a ratio is taken within each round.
";

const BOUNDS: &str = "What bounds those that are not met, by the [profile](PROFILE.md):";

/// All that was measured.
pub struct Report {
    machine: Machine,
    is_quick: bool,
    ratios: Vec<(Goal, Samples)>,
    tables: Vec<Table>,
}

/// Figures that belong together.
pub struct Table {
    title: &'static str,
    note: &'static str,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
}

/// One place of a table.
pub enum Cell {
    /// A figure, shown with that many digits after the point.
    Figure(Samples, usize),
    /// Nothing that could be measured.
    Nothing,
}

impl Report {
    pub fn new(machine: Machine, is_quick: bool) -> Self {
        Self { machine, is_quick, ratios: Vec::new(), tables: Vec::new() }
    }

    /// Adds the result of a goal.
    pub fn measured(&mut self, goal: Goal, ratio: Samples) {
        self.ratios.push((goal, ratio));
    }

    /// Adds a table.
    pub fn add(&mut self, table: Table) {
        self.tables.push(table);
    }

    fn ratio(&self, goal: Goal) -> Option<&Samples> {
        self.ratios.iter().find(|(measured, _)| *measured == goal).map(|(_, ratio)| ratio)
    }

    /// All of it for programs, as JSON.
    pub fn json(&self) -> Value {
        let goals = Goal::ALL.map(|goal| {
            let ratio = self.ratio(goal);
            json!({
                "figure": goal.title(),
                "goal": goal.bound().text(),
                "ratio": ratio.map(spread),
                "met": ratio.map(|ratio| goal.bound().is_met_by(ratio.median())),
                "bounded_by": goal.bounded_by(),
            })
        });
        let tables = self.tables.iter().map(Table::json).collect::<Vec<_>>();
        json!({ "machine": self.machine.json(), "quick": self.is_quick, "goals": goals, "tables": tables })
    }

    fn goals(&self) -> Vec<Vec<String>> {
        let mut lines = vec![["figure", "goal", "measured", "met"].map(str::to_owned).to_vec()];
        for goal in Goal::ALL {
            let (measured, met) = match self.ratio(goal) {
                None => ("not measured".to_owned(), ""),
                Some(ratio) if goal.bound().is_met_by(ratio.median()) => (text(ratio, 2), "yes"),
                Some(ratio) => (text(ratio, 2), "**no**"),
            };
            lines.push(vec![goal.title().to_owned(), goal.bound().text(), measured, met.to_owned()]);
        }
        lines
    }

    /// The goals that are missed, each with what bounds it.
    fn bounds(&self) -> impl Iterator<Item = (Goal, &'static str)> + use<'_> {
        let is_missed = |goal: &Goal| self.ratio(*goal).is_some_and(|ratio| !goal.bound().is_met_by(ratio.median()));
        Goal::ALL.into_iter().filter(is_missed).filter_map(|goal| Some((goal, goal.bounded_by()?)))
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Beside its rivals\n")?;
        if self.is_quick {
            writeln!(f, "A quick run, which proves that the rivals agree and nothing about speed.\n")?;
        }
        writeln!(f, "{INTRODUCTION}")?;
        writeln!(f, "{}\n", self.machine)?;
        grid(f, &self.goals())?;
        let mut bounds = self.bounds().peekable();
        if bounds.peek().is_some() {
            writeln!(f, "\n{BOUNDS}\n")?;
        }
        for (goal, bound) in bounds {
            writeln!(f, "- **{}**: {bound}", goal.title())?;
        }
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}

impl Table {
    /// A table; `note` says what its figures are. The first column names the rows.
    pub fn new<C: Into<String>>(title: &'static str, note: &'static str, columns: impl IntoIterator<Item = C>) -> Self {
        Self { title, note, columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, title: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<_> = cells.into_iter().collect();
        assert_eq!(cells.len() + 1, self.columns.len(), "a row of {} has a cell for every column", self.title);
        self.rows.push((title.into(), cells));
    }

    fn json(&self) -> Value {
        let mut figures = Vec::new();
        for (title, cells) in &self.rows {
            for (column, cell) in self.columns[1..].iter().zip(cells) {
                if let Cell::Figure(samples, _) = cell {
                    figures.push(json!({ "row": title, "column": column, "value": spread(samples) }));
                }
            }
        }
        json!({ "title": self.title, "note": self.note, "figures": figures })
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "## {}\n\n{}\n", self.title, self.note)?;
        let mut lines = vec![self.columns.clone()];
        for (title, cells) in &self.rows {
            lines.push([title.clone()].into_iter().chain(cells.iter().map(Cell::text)).collect());
        }
        grid(f, &lines)
    }
}

impl Cell {
    /// A figure that differs from round to round.
    pub fn of(samples: &Samples, digits: usize) -> Self {
        Self::Figure(samples.clone(), digits)
    }

    fn text(&self) -> String {
        match self {
            Self::Figure(samples, digits) => text(samples, *digits),
            Self::Nothing => String::new(),
        }
    }
}

/// What an update costs by the module, the floor, Lua and `MULTI`, then the module over the floor, and the other two over it.
pub fn update_row([module, floor, lua, multi]: [Option<&Samples>; 4]) -> impl Iterator<Item = Cell> {
    let over = |one: Option<&Samples>, other: Option<&Samples>| Some(one?.over(other?));
    let ratios = [over(module, floor), over(lua, module), over(multi, module)];
    let cells = [module, floor, lua, multi].map(|samples| samples.cloned()).into_iter().chain(ratios);
    cells.map(|samples| samples.map_or(Cell::Nothing, |samples| Cell::Figure(samples, 2)))
}

fn text(samples: &Samples, digits: usize) -> String {
    let number = |value: f64| thousands(format_args!("{value:.digits$}"));
    let (low, median, high) = (samples.quantile(0.25), samples.median(), samples.quantile(0.75));
    if low == high {
        return number(median);
    }
    format!("{} ({}–{})", number(median), number(low), number(high))
}

/// A number with commas between its thousands.
pub fn thousands(number: impl Display) -> String {
    let number = number.to_string();
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn spread(samples: &Samples) -> Value {
    json!({
        "median": samples.median(),
        "quartiles": [samples.quantile(0.25), samples.quantile(0.75)],
        "range": [samples.quantile(0.0), samples.quantile(1.0)],
    })
}

/// Writes a Markdown table whose columns stand below each other.
fn grid(f: &mut Formatter<'_>, lines: &[Vec<String>]) -> fmt::Result {
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    for (at, line) in lines.iter().enumerate() {
        write!(f, "|")?;
        for (cell, width) in line.iter().zip(&widths) {
            write!(f, " {cell:<width$} |")?;
        }
        writeln!(f)?;
        if at == 0 {
            let rules: Vec<_> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
            writeln!(f, "|{}|", rules.join("|"))?;
        }
    }
    Ok(())
}
