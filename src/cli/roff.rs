//! What the man pages have in common.

use clap_mangen::roff::Roff;

/// The version and no date, so that a page changes only with the program.
pub(super) fn title(page: &str, section: &str) -> Roff {
    const EMPTY: &str = "\"\"";
    let source = format!("txwatch {}", env!("CARGO_PKG_VERSION"));
    let mut roff = Roff::new();
    roff.control("TH", [page, section, EMPTY, &source, "User Commands"]);
    roff
}
