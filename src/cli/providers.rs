//! The documentation of providers, generated from each [`Spec`]: for help, man page and README.

use std::sync::Arc;

use clap_mangen::roff::{Roff, bold, roman};

use super::roff::title;

use crate::config::Registry;
use crate::provider::{Secret, Setting, SettingKind, Spec};
use crate::render::duration_text;

/// For `txwatch help providers`.
pub(super) fn as_text(registry: &Registry) -> String {
    let mut text = String::new();
    for spec in specs(registry) {
        let (interval, safety_interval) = intervals(&spec);
        text.push_str(&format!(
            "{} (profile {})\n  ids       {}\n  asked     every {interval} while push is down, every {safety_interval} while it is live\n",
            spec.title, spec.name, spec.id_shape
        ));
        let width = spec.settings.iter().map(|it| it.key.len()).fold(13, usize::max);
        for setting in &spec.settings {
            text.push_str(&format!("  {:<width$} {}\n", setting.key, setting_text(setting)));
        }
        for line in wrapped(&format!("expired: {}", spec.expiry)).lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.push('\n');
    }
    text.push_str(&wrapped(HOW_TO_SET));
    text.push_str(&format!("\n{}", wrapped(QUOTA)));
    text.push_str(&format!("\n{}", wrapped(&issuing(registry))));
    text
}

/// For the README.
pub fn providers_as_markdown(registry: &Registry) -> String {
    let mut table = "| profile | setting | what it is |\n| --- | --- | --- |\n".to_owned();
    for spec in specs(registry) {
        for setting in &spec.settings {
            table.push_str(&format!(
                "| `{}` | `{}` | {} |\n",
                spec.name,
                setting.key,
                setting_text(setting)
            ));
        }
    }
    table
}

/// For `man txwatch-providers`.
pub(super) fn page(registry: &Registry) -> String {
    let mut roff = title("TXWATCH-PROVIDERS", "7");
    roff.control("SH", ["NAME"]);
    roff.text([roman("txwatch-providers - the systems that txwatch watches, and their settings")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(
        "A profile is a provider and its settings. One profile of each provider is built in and has its name; \
         others are sections [profiles.NAME] of the configuration file.",
    )]);
    roff.text([roman(HOW_TO_SET)]);
    roff.control("PP", []);
    roff.text([roman(QUOTA)]);
    roff.control("SH", ["ISSUED TOKENS"]);
    roff.text([roman(issuing(registry))]);
    for spec in specs(registry) {
        add(&mut roff, &spec);
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("txwatch"), roman("(1), "), bold("txwatch-config"), roman("(1)")]);
    roff.render()
}

fn add(roff: &mut Roff, spec: &Spec) {
    let (interval, safety_interval) = intervals(spec);
    roff.control("SH", [spec.title.to_uppercase().as_str()]);
    roff.text([
        roman("Profile "),
        bold(&*spec.name),
        roman(format!(
            ". Its ids: {}. It is asked every {interval} while push is down, and every {safety_interval} while it is live.",
            spec.id_shape
        )),
    ]);
    roff.text([roman("When it has "), bold("expired"), roman(format!(": {}", spec.expiry))]);
    for setting in &spec.settings {
        roff.control("TP", []);
        roff.text([bold(&*setting.key)]);
        roff.text([roman(setting_text(setting))]);
    }
}

const HOW_TO_SET: &str = "A setting KEY of the profile NAME is given as KEY in the section [profiles.NAME] of the \
                    configuration file, or as the variable TXWATCH_NAME_KEY. A secret is given as KEY_file \
                    or KEY_command in the file, or as TXWATCH_NAME_KEY, TXWATCH_NAME_KEY_FILE or \
                    TXWATCH_NAME_KEY_COMMAND.";

const QUOTA: &str = "Any profile may have a quota in place of its provider's own: quota = [\"100/1m\", \
                     \"1200/1d\"], or TXWATCH_NAME_QUOTA=100/1m,1200/1d. Each of them holds for the lookups of all \
                     transactions of the profile together, by one command.";

/// What has to be known before tokens are issued.
fn issuing(registry: &Registry) -> String {
    let issues = |spec: &Arc<Spec>| {
        let mut settings = spec.settings.iter();
        settings.any(|it| it.kind == SettingKind::Secret(Secret::Issuer))
    };
    let titles: Vec<_> = specs(registry).filter(issues).map(|spec| spec.title.clone()).collect();
    format!(
        "Issuing an access token puts the one before it out of force: with an api_secret, txwatch knocks out whatever else \
         uses a token of the same key, such as your own backend ({}). So an issued token is kept, in the directory \
         txwatch of XDG_STATE_HOME (~/.local/state), where only you can read it; it is used by all your commands until \
         ten minutes before its end, or until it is refused, and one command alone has the next one issued. txwatch \
         config show says where it is and until when it is valid; txwatch config forget-token drops it. A token that is \
         given is never replaced by an issued one while it has not expired. Where a backend has tokens issued, give \
         txwatch that token (token_file or token_command), and no api_secret.",
        titles.join(", ")
    )
}

/// Wraps text at 80 characters.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 80;
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let gap = if width + word.len() >= WIDTH { "\n" } else { " " };
        width = if gap == "\n" { 0 } else { width + 1 } + word.len();
        lines.push_str(if lines.is_empty() { "" } else { gap });
        lines.push_str(word);
    }
    lines + "\n"
}

fn specs(registry: &Registry) -> impl Iterator<Item = Arc<Spec>> {
    registry.iter().map(|definition| definition.spec())
}

fn intervals(spec: &Spec) -> (String, String) {
    (duration_text(spec.pace.interval), duration_text(spec.pace.safety_interval))
}

fn setting_text(setting: &Setting) -> String {
    let mut text = setting.description.to_string();
    if let SettingKind::Choice(words) = &setting.kind {
        text.push_str(&format!(": {}", words.join(" or ")));
    }
    if setting.required {
        text.push_str(" (required)");
    } else if !setting.default.is_empty() {
        text.push_str(&format!(" (default: {})", setting.default));
    }
    text
}
