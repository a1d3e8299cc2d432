//! Values of options that come from their environment variables.

use std::ffi::OsStr;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, Command, Error};

use crate::config::{Environment, without_carriage_return};

/// A parser for an option that has a variable: a carriage return at the end of the variable is no part of the value, and
/// an error about the value names the variable.
#[derive(Clone)]
pub(in crate::cli) struct OrVariable<P>(pub(in crate::cli) P);

/// The parser of a type.
pub(super) fn parsed<T>() -> OrVariable<impl TypedValueParser<Value = T>>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    OrVariable(|text: &str| text.parse::<T>())
}

/// The parser of a type that has a name for each of its values.
pub(super) fn word<T>(
    names: &'static [&'static str],
) -> OrVariable<impl TypedValueParser<Value = T>>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    OrVariable(PossibleValuesParser::new(names).try_map(|word| word.parse::<T>()))
}

impl<P: TypedValueParser> TypedValueParser for OrVariable<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.0.parse_ref(command, argument, value)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<P::Value, Error> {
        let variable = argument.and_then(Arg::get_env).map(OsStr::to_string_lossy);
        let Some(variable) = variable.filter(|_| source == ValueSource::EnvVariable) else {
            return self.0.parse_ref_(command, argument, value, source);
        };
        let value = without_carriage_return(value.to_owned());
        let parsed = self.0.parse_ref_(command, argument, &value, source);
        parsed.map_err(|mut error| {
            if error.kind() == ErrorKind::InvalidUtf8 {
                let message = format!("{variable} does not hold Unicode text");
                return Error::raw(ErrorKind::ValueValidation, message).with_cmd(command);
            }
            let named = ContextValue::String(variable.into_owned());
            error.insert(ContextKind::InvalidArg, named);
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// Takes the variables that are set but empty off the options: clap would read them as values.
pub fn without_empty_variables(command: Command, environment: &Environment) -> Command {
    let is_empty = |argument: &Arg| {
        let variable = argument.get_env().and_then(OsStr::to_str);
        variable.is_some_and(|variable| environment.is_empty(variable))
    };
    command
        .mut_args(|argument| if is_empty(&argument) { argument.env(None) } else { argument })
        .mut_subcommands(|command| without_empty_variables(command, environment))
}
