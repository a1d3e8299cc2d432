//! Medians, and the table of figures.

use std::fmt;
use std::io::{Write, stdout};

use anyhow::Result;

/// What a figure is counted in.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Milliseconds,
    Mebibytes,
    Megabytes,
    Bytes,
    Seconds,
    PerSecond,
    Instructions,
}

/// What several runs gave.
pub(crate) struct Sample {
    runs: Vec<f64>,
    unit: Unit,
}

impl Sample {
    /// Of at least one run.
    pub(crate) fn new(mut runs: Vec<f64>, unit: Unit) -> Self {
        runs.sort_by(f64::total_cmp);
        Sample { runs, unit }
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.runs.len() / 2;
        match self.runs.len() % 2 {
            0 => (self.runs[middle - 1] + self.runs[middle]) / 2.0,
            _ => self.runs[middle],
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, name) = match self.unit {
            Unit::Milliseconds => (1e3, "ms"),
            Unit::Mebibytes => (1.0 / f64::from(1 << 20), "MiB"),
            Unit::Megabytes => (1e-6, "MB"),
            Unit::Bytes => (1.0, "B"),
            Unit::Seconds => (1.0, "s"),
            Unit::PerSecond => (1.0, "/s"),
            Unit::Instructions => (1.0, "instructions"),
        };
        let digits = match self.unit {
            Unit::Bytes | Unit::PerSecond | Unit::Instructions => 0,
            _ => 2,
        };
        write!(f, "{:.digits$} {name}", self.median() * scale)?;
        match &self.runs[..] {
            [least, .., most] => {
                write!(f, " ({:.digits$}–{:.digits$})", least * scale, most * scale)
            }
            _ => Ok(()),
        }
    }
}

/// What is to be reached.
pub(crate) enum Bar {
    /// A share of theirs, to stay under.
    Share(f64),
    /// A multiple of theirs, to be over.
    Multiple(f64),
    /// A number, in words too.
    Below(f64, &'static str),
    /// Nothing: it is told for its own sake.
    None,
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) ours: Sample,
    pub(crate) theirs: Option<Sample>,
    pub(crate) bar: Bar,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.theirs.as_ref().map(|theirs| self.ours.median() / theirs.median());
        let shown = ratio.map_or("".to_owned(), |ratio| format!("{ratio:.2}"));
        let (bar, met) = match self.bar {
            Bar::Share(share) => (format!("under {share}x"), ratio.map(|it| it < share)),
            Bar::Multiple(times) => (format!("over {times}x"), ratio.map(|it| it > times)),
            Bar::Below(most, words) => (format!("under {words}"), Some(self.ours.median() < most)),
            Bar::None => (String::new(), None),
        };
        let theirs = match (&self.theirs, &self.bar) {
            (Some(theirs), _) => theirs.to_string(),
            (None, Bar::Below(..) | Bar::None) => String::new(),
            (None, Bar::Share(_) | Bar::Multiple(_)) => "not measured".to_owned(),
        };
        let met = met.map_or("", |met| if met { "yes" } else { "no" });
        write!(f, "| {} | {} | {theirs} | {shown} | {bar} | {met} |", self.figure, self.ours)
    }
}

/// Prints the table, and below it what has to be known to read it.
pub(crate) fn print(rows: &[Row], notes: &[String]) -> Result<()> {
    let mut out = stdout();
    writeln!(out, "| figure | ours | theirs | ratio | bar | met? |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    rows.iter().try_for_each(|row| writeln!(out, "{row}"))?;
    writeln!(out)?;
    Ok(notes.iter().try_for_each(|note| writeln!(out, "{note}"))?)
}
