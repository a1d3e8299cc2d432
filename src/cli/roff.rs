//! The common parts of the man pages.

use clap_mangen::roff::Roff;

/// The title of a page; without a date, so that pages change only with the program.
pub(super) fn title(page: &str, section: &str) -> Roff {
    const EMPTY: &str = "\"\"";
    let source = format!("txwatch {}", env!("CARGO_PKG_VERSION"));
    let mut roff = Roff::new();
    roff.control("TH", [page, section, EMPTY, &source, "User Commands"]);
    roff
}
