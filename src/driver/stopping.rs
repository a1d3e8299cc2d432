//! Ctrl-Z: the process stops as it would without this, but puts the terminal in order first.

/// Has `prepare` called before the process is stopped by SIGTSTP, unless it has ignored that signal since its start. Has
/// to be called within a tokio runtime.
///
/// # Errors
/// The operating system refuses to install a handler.
#[cfg(unix)]
pub fn before_stopping(prepare: fn()) -> std::io::Result<()> {
    use signal_hook::consts::SIGTSTP;
    use signal_hook::low_level::emulate_default_handler;
    use tokio::signal::unix::{SignalKind, signal};

    use super::ignored_signals::IgnoredSignals;

    if IgnoredSignals::of_process().contains(SIGTSTP) {
        return Ok(());
    }
    let mut stopped = signal(SignalKind::from_raw(SIGTSTP))?;
    tokio::spawn(async move {
        while stopped.recv().await.is_some() {
            prepare();
            // Returns once the process goes on. Fails for signals that do not exist only.
            let _ = emulate_default_handler(SIGTSTP);
        }
    });
    Ok(())
}

/// Nothing stops a process there.
#[cfg(not(unix))]
pub fn before_stopping(_prepare: fn()) -> std::io::Result<()> {
    Ok(())
}
