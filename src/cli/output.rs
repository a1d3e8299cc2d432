//! The output options: form and colour of each stream.

use std::ffi::OsString;
use std::io::{IsTerminal, stderr, stdout};

use super::arguments::Cli;
use crate::config::options::COLOR;
use crate::config::values::{Colour, OutputFormat};
use crate::config::{CommandKind, Environment};
use crate::engine::plan::Plan;
use crate::render::{self, OutputOptions, Paint, Progress, Records};

/// Which streams of this process are terminals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    stdout: bool,
    stderr: bool,
    dumb: bool,
}

impl Streams {
    pub(super) fn of_process(environment: &Environment) -> Self {
        Streams {
            stdout: stdout().is_terminal(),
            stderr: stderr().is_terminal(),
            dumb: environment.get("TERM") == Some("dumb"),
        }
    }
}

/// The colours of stdout and of stderr for clap's own messages, before the arguments are parsed.
pub(super) fn early_paints(arguments: &[OsString], environment: &Environment) -> [Paint; 2] {
    let texts: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let typed =
        texts.iter().enumerate().find_map(|(index, text)| match text.strip_prefix("--color") {
            Some("") => texts.get(index + 1).copied(),
            Some(value) => value.strip_prefix('='),
            None => None,
        });
    let typed =
        typed.or_else(|| environment.get("TXWATCH_COLOR")).and_then(|word| word.parse().ok());
    let streams = Streams::of_process(environment);
    [streams.stdout, streams.stderr].map(|terminal| paint(typed, environment, terminal))
}

/// Whether a stream has colours, in order of precedence: `--color`; `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`;
/// whether it is a terminal.
pub(super) fn paint(choice: Option<Colour>, environment: &Environment, terminal: bool) -> Paint {
    match choice.or_else(|| COLOR.built_in(CommandKind::Follow)) {
        Some(Colour::Always) => Paint(true),
        Some(Colour::Never) => Paint(false),
        Some(Colour::Auto) | None => Paint(automatic(environment, terminal)),
    }
}

fn automatic(environment: &Environment, terminal: bool) -> bool {
    // no-color.org: any value that is not empty.
    if environment.get("NO_COLOR").is_some() {
        return false;
    }
    environment.is_on("CLICOLOR_FORCE") || (terminal && environment.get("TERM") != Some("dumb"))
}

/// The output options of a command.
pub(super) fn output_options(
    cli: &Cli,
    colour: Colour,
    format: Option<OutputFormat>,
    plan: &Plan,
    environment: &Environment,
) -> OutputOptions {
    let streams = Streams::of_process(environment);
    let is_get = plan.mode.is_get();
    let progress = if cli.quiet {
        Progress::Quiet
    } else if is_get {
        Progress::Warnings
    } else {
        progress(format, streams)
    };
    OutputOptions {
        records: match records(format, streams) {
            Records::Human if is_get => Records::HumanRecord,
            records => records,
        },
        progress,
        stdout: paint(Some(colour), environment, streams.stdout),
        stderr: paint(Some(colour), environment, streams.stderr),
        targets: plan.targets.len(),
        widest: render::widest(plan.targets.iter().map(|target| &*target.name.target)),
        verbose: cli.verbose > 0,
        local: streams.stderr,
    }
}

fn records(format: Option<OutputFormat>, streams: Streams) -> Records {
    match format {
        Some(OutputFormat::Json) => Records::Json,
        Some(OutputFormat::Plain) => Records::Plain,
        Some(OutputFormat::Human) => Records::Human,
        None if streams.stdout => Records::Human,
        None => Records::Plain,
    }
}

/// The form of stderr. The live view needs a terminal that can move its cursor.
fn progress(format: Option<OutputFormat>, streams: Streams) -> Progress {
    match format {
        Some(OutputFormat::Json) => Progress::Warnings,
        Some(OutputFormat::Plain) => Progress::Plain,
        None if !streams.stderr => Progress::Plain,
        Some(OutputFormat::Human) | None => {
            if streams.stderr && !streams.dumb {
                Progress::Live
            } else {
                Progress::Human
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_flag_beats_the_environment_which_beats_the_terminal() {
        let none = environment(&[]);
        let no_color = environment(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]);
        let forced = environment(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")]);
        let dumb = environment(&[("TERM", "dumb")]);
        assert_eq!(paint(None, &none, true), Paint(true));
        assert_eq!(paint(None, &none, false), Paint(false));
        assert_eq!(paint(None, &no_color, true), Paint(false));
        assert_eq!(paint(None, &forced, false), Paint(true));
        assert_eq!(paint(None, &dumb, true), Paint(false));
        assert_eq!(paint(Some(Colour::Always), &no_color, false), Paint(true));
        assert_eq!(paint(Some(Colour::Never), &forced, true), Paint(false));
        assert_eq!(paint(None, &environment(&[("NO_COLOR", "")]), true), Paint(true));
    }

    #[test]
    fn each_stream_decides_for_itself() {
        let streams = |stdout, stderr, dumb| Streams { stdout, stderr, dumb };
        // s=$(txwatch watch …) keeps its spinner.
        assert_eq!(progress(None, streams(false, true, false)), Progress::Live);
        assert_eq!(records(None, streams(false, true, false)), Records::Plain);
        assert_eq!(progress(None, streams(true, false, false)), Progress::Plain);
        assert_eq!(progress(None, streams(true, true, true)), Progress::Human);
        assert_eq!(
            progress(Some(OutputFormat::Human), streams(false, false, false)),
            Progress::Human
        );
        assert_eq!(
            progress(Some(OutputFormat::Json), streams(true, true, false)),
            Progress::Warnings
        );
    }
}
