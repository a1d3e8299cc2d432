//! What a command prints, and how.

use super::style::Paint;
use super::words::short_target;

/// The form of what goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// One final line a target for people.
    Human,
    /// A whole record a target for people, for `get`.
    HumanRecord,
    /// `TARGET<TAB>STATUS`.
    Plain,
    /// NDJSON.
    Json,
}

/// The form of what goes to stderr while the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Spinner and trail, on a terminal.
    Live,
    /// The trail alone.
    Trail,
    /// One line a change, for logs.
    Plain,
    /// Warnings only.
    Warnings,
    /// Nothing.
    Quiet,
}

/// What a command prints, and how.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions {
    /// On stdout.
    pub records: Records,
    /// On stderr.
    pub progress: Progress,
    /// Colour on stdout.
    pub stdout: Paint,
    /// Colour on stderr.
    pub stderr: Paint,
    /// How many targets there are; one is shown differently from many.
    pub targets: usize,
    /// How wide the widest of them is.
    pub widest: usize,
    /// Whether connections coming and going are told.
    pub verbose: bool,
    /// Whether stderr shows local times, as on a terminal.
    pub local: bool,
}

/// How wide the widest of these targets is where several are shown.
pub fn widest<'a>(targets: impl Iterator<Item = &'a str>) -> usize {
    let widths = targets.map(|target| console::measure_text_width(&short_target(target)));
    widths.max().unwrap_or_default()
}
