//! Rendering of events. stdout has the data and stderr everything else, each in a form of its own.

mod backlog;
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
mod stream;
mod style;
mod writer;
mod zone;

pub use closing::{closing_report, failure};
pub use json::{JsonLines, SCHEMA, aborted};
pub use options::{OutputOptions, Progress, Records, widest};
pub use output::Output;
pub use phrases::duration_text;
pub use sanitize::clean;
pub use screen::{hide_view, tell_dropped, write_log, write_stderr};
pub use sink::{RecordSink, Renderer};
pub use style::Paint;
pub use writer::{
    Wait, check_stdout, detach, finish, give_up_stderr, give_up_stdout, poll_stderr_written,
    poll_stdout, stderr_written, write_from_panic, write_stdout,
};
