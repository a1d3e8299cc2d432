//! Rendering of events. stdout has the data and stderr everything else, each in a form of its own.

mod closing;
mod fold;
mod human;
mod json;
mod live;
mod options;
mod output;
mod phrases;
mod plain;
mod record;
mod sanitize;
mod screen;
mod sink;
mod standing;
mod style;
mod zone;

pub use closing::{closing_report, failure};
pub use json::{JsonLines, SCHEMA, aborted};
pub use options::{OutputOptions, Progress, Records, widest};
pub use output::Output;
pub use phrases::duration_text;
pub use sanitize::clean;
pub use screen::write_stderr;
pub use sink::{RecordSink, Renderer};
pub use style::Paint;
