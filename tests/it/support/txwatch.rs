//! The binary, with an environment of its own.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use txwatch::sandbox::Speed;

use super::schema;

/// A command line of txwatch that knows nothing of the machine it runs on: its own home, no proxy, no
/// configuration, UTC. Scenarios of its sandbox run ten times as fast.
pub struct Txwatch {
    command: Command,
    home: Arc<TempDir>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// `txwatch` with these arguments.
pub fn txwatch<I, S>(arguments: I) -> Txwatch
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let home = Arc::new(TempDir::new().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_txwatch"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("HOME", home.path()).env("TZ", "UTC").env("PATH", path());
    command.env(Speed::VARIABLE, "10");
    Txwatch { command, home }
}

/// The binary's folder, then the PATH of the tests.
pub fn path() -> OsString {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_txwatch")).parent().unwrap();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = [binary.to_owned()].into_iter().chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).unwrap()
}

impl Txwatch {
    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs scenarios of the sandbox in real time.
    pub fn in_real_time(self) -> Self {
        self.at_speed("1")
    }

    /// Runs scenarios of the sandbox so many times as fast as real time.
    pub fn at_speed(self, factor: &str) -> Self {
        self.env(Speed::VARIABLE, factor)
    }

    /// Points the profile `proof` at a server.
    pub fn proof(self, url: &str) -> Self {
        self.env("TXWATCH_PROOF_URL", url).env("TXWATCH_PROOF_TOKEN", TOKEN)
    }

    /// Points the profile `transak` at a server, with no credentials.
    pub fn transak(self, url: &str) -> Self {
        self.env("TXWATCH_TRANSAK_URL", url)
            .env("TXWATCH_TRANSAK_PUSH_URL", url.replace("http", "ws"))
            .env("TXWATCH_TRANSAK_API_KEY", API_KEY)
    }

    /// Gives it the access token.
    pub fn transak_token(self) -> Self {
        self.env("TXWATCH_TRANSAK_TOKEN", TOKEN)
    }

    /// Points the profile `casper` at a node.
    pub fn casper(self, url: &str) -> Self {
        self.env("TXWATCH_CASPER_URL", format!("{url}/rpc"))
            .env("TXWATCH_CASPER_PUSH_URL", format!("{url}/events"))
    }

    /// Points the profile `cspr` at a server.
    pub fn cspr(self, url: &str) -> Self {
        self.env("TXWATCH_CSPR_URL", url)
            .env("TXWATCH_CSPR_PUSH_URL", url.replace("http", "ws"))
            .env("TXWATCH_CSPR_TOKEN", TOKEN)
    }

    /// Has a shell do something first, which then becomes txwatch.
    pub fn shell(mut self, first: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{first}; exec \"$0\" \"$@\"")]);
        shell.arg(self.command.get_program()).args(self.command.get_args());
        shell.env_clear().stdin(Stdio::null());
        shell.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = shell;
        self
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        let path = self.write("config.toml", text);
        self.env("TXWATCH_CONFIG", path)
    }

    /// Its home, which lives as long as somebody holds it.
    pub fn home(&self) -> Arc<TempDir> {
        self.home.clone()
    }

    /// Writes a file into the home directory; answers its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a file that nobody else can read.
    pub fn write_private(&self, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.write(name, text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        path
    }

    /// The command itself, for what is not common.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Has it started by another program, which takes it and its arguments after its own.
    pub fn run_by<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).arg(self.command.get_program()).args(self.command.get_args());
        command.env_clear().stdin(Stdio::null());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Ended {
        Ended::from(self.command.output().unwrap())
    }

    /// Runs it to its end where colour was asked for: the only escape sequences are those of colour.
    pub fn run_coloured(mut self) -> Ended {
        let ended = Ended::of(self.command.output().unwrap());
        let plain = |text: &str| without_colour(text);
        let shown =
            Ended { code: ended.code, stdout: plain(&ended.stdout), stderr: plain(&ended.stderr) };
        shown.checked();
        ended
    }

    /// Runs it to its end with `-o json` and checks the records.
    pub fn run_json(mut self) -> (Ended, Vec<Value>) {
        self.command.args(["-o", "json"]);
        let ended = self.run();
        let records = schema::records(&ended.stdout, ended.code);
        (ended, records)
    }
}

/// The token of the tests. No output may ever contain it.
pub const TOKEN: &str = "tok_5f0c1e77-secret";

/// The API key of the tests, which is no secret.
pub const API_KEY: &str = "api-key-1";

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Ended::of(output).checked()
    }
}

impl Ended {
    fn of(output: Output) -> Self {
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What holds for every command, however it ended.
    pub(super) fn checked(self) -> Self {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains(TOKEN), "the token was shown: {self:#?}");
            assert!(!text.contains("panicked"), "{self:#?}");
            assert!(!text.contains(is_harmful), "a terminal would obey this: {self:#?}");
        }
        self
    }

    /// Checks the code, and that stderr has an `error:` line with this in it.
    #[track_caller]
    pub fn fails(&self, code: i32, needle: &str) {
        assert_eq!(self.code, code, "{self:#?}");
        let mut errors = self.stderr.lines().filter_map(|line| line.strip_prefix("error: "));
        assert!(errors.any(|error| error.contains(needle)), "no '{needle}' in {self:#?}");
    }
}

/// Control, bidi and zero-width characters, but for the ends of lines and columns.
pub fn is_harmful(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\t');
    control
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without `ESC [ … m`.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part[end..].strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.extend(["\u{1b}[", part]),
        }
    }
    plain
}
