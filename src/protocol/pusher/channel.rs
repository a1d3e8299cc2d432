//! The names of channels.

use std::sync::Arc;

/// The longest name of a channel, in characters.
const LONGEST_CHANNEL: usize = 164;

/// The name of a channel. Cheap to copy.
pub(crate) type Channel = Arc<str>;

/// Refuses what cannot be the name of a public channel.
pub(crate) fn check_channel(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
    if let Some(strange) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("it has '{}' in it", strange.escape_debug()));
    }
    if name.len() > LONGEST_CHANNEL {
        return Err(format!("it is {} characters long, more than {LONGEST_CHANNEL}", name.len()));
    }
    match ["private-", "presence-"].iter().find(|prefix| name.starts_with(**prefix)) {
        Some(prefix) => {
            Err(format!("it begins with {prefix}, which only signed-in clients may follow"))
        }
        None => Ok(()),
    }
}
