//! The environment variables of options and commands.

use super::definitions::grammar;
use super::docs::COMPLETE;
use crate::config::Config;
use crate::warning::{Warning, WarningCode};

/// A warning for each variable `TXWATCH_…` that nothing reads.
pub(super) fn warnings(config: &Config) -> Vec<Warning> {
    let messages = config.unknown_variables(of_commands);
    messages
        .into_iter()
        .map(|message| Warning::new(WarningCode::UnknownVariable, message))
        .collect()
}

/// The variables of all options of all commands, and those that have no option.
fn of_commands() -> Vec<String> {
    let mut names = vec![COMPLETE.to_owned()];
    #[cfg(feature = "sandbox")]
    names.push(crate::sandbox::Speed::VARIABLE.to_owned());
    add(&grammar(), &mut names);
    names
}

fn add(command: &clap::Command, names: &mut Vec<String>) {
    let variables = command.get_arguments().filter_map(clap::Arg::get_env);
    names.extend(variables.filter_map(|name| Some(name.to_str()?.to_owned())));
    command.get_subcommands().for_each(|command| add(command, names));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OPTIONS;

    #[test]
    fn the_variables_of_options_of_every_command_are_known() {
        let names = of_commands();
        for option in OPTIONS {
            let name = format!("TXWATCH_{}", option.key.to_uppercase());
            assert!(names.contains(&name), "{name}");
        }
        for name in ["TXWATCH_ALL", "TXWATCH_EXIT_STATUS", "TXWATCH_QUIET", "TXWATCH_PROFILE"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
    }
}
