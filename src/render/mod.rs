//! How events are shown: stdout is data, stderr is everything else, and each decides for itself.

mod closing;
mod human;
mod json;
mod live;
mod options;
mod output;
mod plain;
mod record;
mod sanitize;
mod screen;
mod sink;
mod style;
mod words;

pub use closing::{closing_report, failure};
pub use json::{Lines, SCHEMA, abort};
pub use options::{OutputOptions, Progress, Records, widest};
pub use output::Output;
pub use sanitize::clean;
pub use sink::{RecordSink, Renderer, say};
pub use style::Paint;
pub use words::span;
