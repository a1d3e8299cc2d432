//! The options of the output.

use super::phrases::short_target;
use super::style::Paint;

/// The form of what goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// One line for each settled target, for people.
    Human,
    /// The whole record of each target, for people (`get`).
    HumanRecord,
    /// `TARGET<TAB>STATUS`.
    Plain,
    /// NDJSON.
    Json,
}

/// The form of what goes to stderr while the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A line for each change and the live view, on a terminal.
    Live,
    /// A line for each change, for people.
    Human,
    /// A line for each change, for logs.
    Plain,
    /// Warnings only.
    Warnings,
    /// Nothing.
    Quiet,
}

/// The options of the output of a command.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions {
    /// The form of stdout.
    pub records: Records,
    /// The form of stderr.
    pub progress: Progress,
    /// Colour on stdout.
    pub stdout: Paint,
    /// Colour on stderr.
    pub stderr: Paint,
    /// The number of targets; a single one is shown differently from several.
    pub targets: usize,
    /// The width of the column of targets, in cells of the terminal.
    pub widest: usize,
    /// Whether changes of connections are shown.
    pub verbose: bool,
    /// Whether stderr shows local times, as on a terminal, or UTC.
    pub local: bool,
}

/// The width of the widest of these targets, in cells of the terminal.
pub fn widest<'a>(targets: impl Iterator<Item = &'a str>) -> usize {
    let widths = targets.map(|target| console::measure_text_width(&short_target(target)));
    widths.max().unwrap_or_default()
}
