//! Colours.

use std::fmt::Display;

use owo_colors::{OwoColorize, Style};

use crate::event::Outcome;
use crate::provider::Status;

/// Whether a stream has colours; applies them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    /// Text in the colour of a status.
    pub(super) fn status(self, status: Status, text: impl Display) -> String {
        let style = match status {
            Status::Completed => Style::new().green().bold(),
            Status::Failed | Status::Cancelled | Status::Expired => Style::new().red().bold(),
            Status::Refunded | Status::OnHold | Status::Unknown => Style::new().yellow().bold(),
            Status::Pending | Status::Processing => Style::new().cyan(),
        };
        self.apply(style, text)
    }

    /// The symbol of an outcome.
    pub(super) fn mark(self, outcome: Outcome) -> String {
        match outcome {
            Outcome::Reached => self.good("✔"),
            Outcome::Unfinished => self.warning("…"),
            outcome if outcome.is_undecided() => self.warning("…"),
            _ => self.bad("✘"),
        }
    }

    /// Success.
    pub fn good(self, text: impl Display) -> String {
        self.apply(Style::new().green().bold(), text)
    }

    /// Failure.
    pub fn bad(self, text: impl Display) -> String {
        self.apply(Style::new().red().bold(), text)
    }

    /// Less important text.
    pub(super) fn dim(self, text: impl Display) -> String {
        self.apply(Style::new().dimmed(), text)
    }

    /// More important text.
    pub(super) fn bold(self, text: impl Display) -> String {
        self.apply(Style::new().bold(), text)
    }

    /// `warning:`.
    pub(super) fn warning(self, text: impl Display) -> String {
        self.apply(Style::new().yellow().bold(), text)
    }

    /// `hint:`.
    pub(super) fn hint(self, text: impl Display) -> String {
        self.apply(Style::new().cyan().bold(), text)
    }

    fn apply(self, style: Style, text: impl Display) -> String {
        if self.0 { text.style(style).to_string() } else { text.to_string() }
    }
}
