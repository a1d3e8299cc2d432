//! The man pages: clap_mangen renders the definitions; the other sections come from tables and texts here.

use std::collections::BTreeMap;

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::definitions::definitions;
use super::roff::title;
use super::{examples, providers};
use crate::config::Registry;
use crate::exit;

type Item = (&'static str, &'static str);

/// The variables of commands that read the configuration.
const ENVIRONMENT: &[Item] = &[
    (
        "TXWATCH_<OPTION>",
        "Every long option has a variable, named under OPTIONS. An option that is typed goes before \
         its variable, and the variable before the file. A variable that is empty counts as not set, and a carriage \
         return at its end is no part of it.",
    ),
    ("TXWATCH_CONFIG", "The configuration file, instead of the one under FILES."),
    (
        "TXWATCH_<PROFILE>_<KEY>",
        "A setting of a profile, over the file's: TXWATCH_PROOF_URL, TXWATCH_TRANSAK_API_KEY; \
         txwatch-providers(7) lists them. \
         Letters are capitals, and a hyphen of the profile's name becomes an underscore.",
    ),
    (
        "TXWATCH_<PROFILE>_TOKEN",
        "The profile's token. With _FILE behind it the file that holds the token, with _COMMAND the \
         command that prints it within two minutes. The command reads from the terminal if standard input is one, and \
         else from nothing; it ends with the watch, with all that it has started.",
    ),
];

/// The variables of commands that connect to a provider.
const NETWORK: &[Item] = &[
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy, for requests and WebSockets alike, at http://, https://, socks5:// or socks5h://; read as \
         curl reads them, so lower case comes before upper case. NO_PROXY lists names, which stand for their \
         subdomains too, *.NAME, HOST:PORT, addresses and networks, or * for all. A malformed one ends the \
         command with 78. \"txwatch config show\" prints which proxy each profile uses. This machine is \
         reached without a proxy where there is no TLS.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "The CAs to trust, instead of the system's: a file, and directories with a colon between them.",
    ),
];

/// The variables of all commands.
const TERMINAL: &[Item] = &[(
    "NO_COLOR, CLICOLOR_FORCE, TERM",
    "Whether there is colour, where --color does not say it. With TERM=dumb there is neither \
     colour nor a live line.",
)];

const FILES: &[Item] = &[
    (
        "$XDG_CONFIG_HOME/txwatch/config.toml",
        "The configuration: default_profile; [defaults] with the options of watch, poll and get; and \
         [profiles.NAME] for each profile. XDG_CONFIG_HOME is ~/.config where it is not set; on Windows \
         the file is under %APPDATA%. \"txwatch config path\" prints where it is. One that may not be read is \
         passed over with a warning, unless TXWATCH_CONFIG names it.",
    ),
    (
        "$XDG_STATE_HOME/txwatch/",
        "Access tokens that were issued, one file for each key, which only its owner can read. XDG_STATE_HOME is \
         ~/.local/state where it is not set; on Windows the directory is under %LOCALAPPDATA%. \"txwatch config \
         show\" says which file is a profile's, \"txwatch config forget-token\" removes it.",
    ),
];

/// The signals of commands that follow transactions.
const SIGNALS: &[Item] = &[
    (
        "SIGINT, SIGTERM",
        "The command ends with its records and its closing report. A second one ends it at once.",
    ),
    (
        "SIGHUP",
        "The same. Further ones change nothing, for a terminal that goes away sends several.",
    ),
    (
        "SIGUSR1, SIGINFO",
        "Where every target stands is told on stderr, in any form of the output, and the command goes on. Of more \
         than 100 targets there are the counts, and the 100 open ones that have not moved for longest. Ctrl-T sends \
         SIGINFO where a system has it.",
    ),
    (
        "Ignored signals",
        "A signal that is ignored from the start stays so: by nohup(1), or in what a script runs in the background.",
    ),
];

/// The signals of the sandbox.
const SANDBOX_SIGNALS: &[Item] = &[(
    "SIGINT, SIGTERM, SIGHUP",
    "The sandbox ends, with 130, 143 or 129. One that is ignored from the start, as by nohup(1), stays so.",
)];

/// The man pages by file name: one for each command, one for the exit codes, and one for the providers.
///
/// # Errors
/// A page cannot be rendered.
pub fn man_pages(registry: &Registry) -> anyhow::Result<BTreeMap<String, String>> {
    let mut root = definitions(registry);
    root.build();
    let mut pages = BTreeMap::from_iter(command_pages(&root, "txwatch")?);
    pages.insert("txwatch-exit-codes.7".to_owned(), exit_codes_page());
    pages.insert("txwatch-providers.7".to_owned(), providers::page(registry));
    Ok(pages)
}

/// The pages of a command and of its subcommands.
fn command_pages(command: &Command, name: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut pages = vec![(format!("{name}.1"), page(command, name)?)];
    for child in command.get_subcommands() {
        pages.extend(command_pages(child, &format!("{name}-{}", child.get_name()))?);
    }
    Ok(pages)
}

fn page(command: &Command, name: &str) -> anyhow::Result<String> {
    let usage = command.clone().render_usage().to_string();
    let command = command
        .clone()
        .display_name(name.to_owned())
        .override_usage(usage.trim_start_matches("Usage: ").to_owned())
        .subcommand_help_heading("COMMANDS")
        .mut_args(argument);
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    title(&name.to_uppercase(), "1").to_writer(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    rest(&command, name).to_writer(&mut page)?;
    // Each section was rendered with the preamble of a page.
    let preamble = Roff::new().render();
    Ok(preamble.clone() + &String::from_utf8(page)?.replace(&preamble, ""))
}

/// An argument for a page: under a heading, the general options last; with its possible values and its variable.
fn argument(argument: Arg) -> Arg {
    let general = ["quiet", "verbose", "color", "help", "version"];
    let heading = match argument.get_help_heading() {
        _ if argument.is_positional() => "Arguments".to_owned(),
        _ if general.contains(&argument.get_id().as_str()) => "General options".to_owned(),
        Some(heading) => heading.to_owned(),
        None => "Options".to_owned(),
    };
    let values: Vec<_> = if argument.get_action().takes_values() {
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect()
    } else {
        Vec::new()
    };
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut help = help.map(ToString::to_string).unwrap_or_default();
    if !values.is_empty() {
        help.push_str(&format!(" [possible values: {}]", values.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        help.push_str(&format!(" [env: {}]", variable.to_string_lossy()));
    }
    // As one paragraph: an empty line is not allowed in a page.
    let help = help.replace("\n\n", ". ").replace("]. ", "] ").replace('\n', " ");
    argument
        .help_heading(heading)
        .hide_possible_values(true)
        .hide_env(true)
        .help(help)
        .long_help(None)
}

/// The sections that are not in the definitions.
fn rest(command: &Command, name: &str) -> Roff {
    let mut roff = Roff::new();
    add_examples(&mut roff, command.get_name());
    add_exit_status(&mut roff, command.get_name());
    match command.get_name() {
        "watch" | "poll" | "get" => add_list(&mut roff, "SIGNALS", SIGNALS),
        "sandbox" => add_list(&mut roff, "SIGNALS", SANDBOX_SIGNALS),
        _ => {}
    }
    let (environment, files): (&[&[Item]], _) = match command.get_name() {
        "txwatch" | "watch" | "poll" | "get" | "check" => {
            (&[ENVIRONMENT, TERMINAL, NETWORK], FILES)
        }
        "config" | "path" | "show" => (&[ENVIRONMENT, TERMINAL], FILES),
        _ => (&[TERMINAL], &[] as &[Item]),
    };
    add_list(&mut roff, "ENVIRONMENT", &environment.concat());
    add_list(&mut roff, "FILES", files);
    add_see_also(&mut roff, command, name);
    roff
}

fn add_examples(roff: &mut Roff, command: &str) {
    let examples = examples::of(command);
    if examples.is_empty() {
        return;
    }
    roff.control("SH", ["EXAMPLES"]);
    for (line, about) in examples {
        roff.control("TP", []);
        roff.text([bold(*line)]);
        roff.text([roman(*about)]);
    }
}

fn add_exit_status(roff: &mut Roff, command: &str) {
    roff.control("SH", ["EXIT STATUS"]);
    match command {
        "watch" | "poll" | "get" => add_codes(roff),
        _ => {
            roff.text([
                roman("0 if it worked; else a code of "),
                bold("txwatch-exit-codes"),
                roman("(7)."),
            ]);
        }
    }
}

fn add_codes(roff: &mut Roff) {
    for row in exit::TABLE {
        roff.control("TP", []);
        roff.text([bold(row.code.number().to_string()), roman(" "), roman(row.name)]);
        let retry = match row.retry {
            "" => String::new(),
            retry => format!(" Worth running again? {retry}."),
        };
        roff.text([roman(format!("{}.{retry}", row.meaning))]);
    }
}

fn add_list(roff: &mut Roff, heading: &str, items: &[Item]) {
    if items.is_empty() {
        return;
    }
    roff.control("SH", [heading]);
    for (name, about) in items {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(*about)]);
    }
}

fn add_see_also(roff: &mut Roff, command: &Command, name: &str) {
    let parent = name.rsplit_once('-').map(|(parent, _)| parent.to_owned());
    let children = command.get_subcommands().map(|child| format!("{name}-{}", child.get_name()));
    roff.control("SH", ["SEE ALSO"]);
    let mut line: Vec<Inline> = Vec::new();
    for page in parent.into_iter().chain(children) {
        line.extend([bold(page), roman("(1), ")]);
    }
    line.extend([bold("txwatch-exit-codes"), roman("(7), ")]);
    line.extend([bold("txwatch-providers"), roman("(7)")]);
    roff.text(line);
}

fn exit_codes_page() -> String {
    let mut roff = title("TXWATCH-EXIT-CODES", "7");
    roff.control("SH", ["NAME"]);
    roff.text([roman("txwatch-exit-codes - what the exit codes of txwatch say")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman("Below 64 the transaction spoke; from 64 on the watcher did.")]);
    roff.text([
        roman("With several targets the largest code wins; with "),
        bold("--any"),
        roman(" one target that reaches the goal is enough for 0."),
    ]);
    roff.text([
        bold("txwatch get"),
        roman(" exits 0 when the look worked, and maps the status only with "),
        bold("--exit-status"),
        roman(", or where "),
        bold("--until"),
        roman(", "),
        bold("--any"),
        roman(" or "),
        bold("--expect"),
        roman(" asks for something."),
    ]);
    roff.control("SH", ["CODES"]);
    add_codes(&mut roff);
    roff.control("SH", ["EXAMPLE"]);
    roff.control("nf", []);
    for line in GATE.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("txwatch"), roman("(1), "), bold("txwatch-watch"), roman("(1)")]);
    roff.render()
}

const GATE: &str = "\
txwatch watch \"$ID\" --timeout 15m
case $? in
  0)                   ./ship.sh ;;
  10|11)               ./release.sh ;;       # failed or cancelled: let it go
  14)                  ./note_refund.sh ;;   # paid back already
  75|124|129|130|143)  ./requeue.sh ;;       # not final: look again, never send again
  *)                   ./page.sh ;;          # 12 and 13: look before paying again
esac";
