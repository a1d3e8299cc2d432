//! Channel names (pusher.com/docs/channels/using_channels/channels).

use std::sync::Arc;

/// In characters.
const MAX_CHANNEL_LENGTH: usize = 164;

/// The name of a channel. Cheap to clone.
pub(crate) type Channel = Arc<str>;

/// Checks the name of a public channel.
///
/// # Errors
/// One sentence on what is wrong with it.
pub(crate) fn check_channel(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-=@,.;".contains(c);
    if let Some(invalid) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!("it has '{}' in it", invalid.escape_debug()));
    }
    if name.len() > MAX_CHANNEL_LENGTH {
        return Err(format!(
            "it is {} characters long, more than {MAX_CHANNEL_LENGTH}",
            name.len()
        ));
    }
    match ["private-", "presence-"].iter().find(|prefix| name.starts_with(**prefix)) {
        Some(prefix) => {
            Err(format!("it begins with {prefix}, which only signed-in clients may follow"))
        }
        None => Ok(()),
    }
}
