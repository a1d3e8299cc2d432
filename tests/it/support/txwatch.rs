//! The binary, in an isolated environment.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use txwatch::sandbox::Speed;

use super::schema;
use super::tls::Authority;

/// A command line of txwatch, isolated from the machine it runs on: its own home, no proxy, no configuration,
/// UTC. Scenarios of its sandbox run ten times as fast.
pub struct Txwatch {
    command: Command,
    home: Arc<TempDir>,
}

/// The exit code of a command, -1 after a signal, and what it printed.
#[derive(Debug)]
pub struct CommandOutput {
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
    let mut command = command_of(with_default_signals([env!("CARGO_BIN_EXE_txwatch")]));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("XDG_STATE_HOME", home.path().join("state"));
    command.env("HOME", home.path()).env("TZ", "UTC").env("PATH", path());
    command.env(Speed::VARIABLE, "10");
    Txwatch { command, home }
}

/// Runs a program with the default actions of the signals that the tests send.
const DEFAULT_SIGNALS: [&str; 2] = ["env", "--default-signal=HUP,INT,TERM,USR1"];

/// A program with its first arguments. What the tests' own process ignores, as under `nohup` or in the background of a
/// script, it does not ignore.
pub fn with_default_signals<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Vec<OsString> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    // SIGHUP, SIGINT, SIGUSR1, SIGTERM.
    let is_needed = [1, 2, 10, 15].iter().any(|signal| ignored >> (signal - 1) & 1 == 1);
    let prefix = DEFAULT_SIGNALS.iter().filter(|_| is_needed).map(OsString::from);
    prefix.chain(words.into_iter().map(|word| word.as_ref().to_owned())).collect()
}

fn command_of(words: Vec<OsString>) -> Command {
    let (program, arguments) = words.split_first().expect("a program");
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// `txwatch NAME TARGET`, with these arguments after the target.
pub fn command_for(name: &str, target: &str, arguments: &[&str]) -> Txwatch {
    txwatch([&[name, target], arguments].concat())
}

/// The folder of the binary, then the PATH of the tests.
pub fn path() -> OsString {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_txwatch")).parent().unwrap();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = [binary.to_owned()].into_iter().chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).unwrap()
}

impl Txwatch {
    /// Sets an environment variable.
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

    /// Sets the access token of the profile `transak`.
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

    /// Runs it from a shell that executes another command first.
    pub fn shell(self, first: &str) -> Self {
        self.wrapped_by(["sh", "-c", &format!("{first}; exec \"$0\" \"$@\"")])
    }

    /// Trusts this certificate authority, too.
    pub fn trusting(self, authority: &Authority) -> Self {
        let file = self.write("ca.pem", authority.pem());
        self.env("TXWATCH_CACERT", file)
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        let path = self.write("config.toml", text);
        self.env("TXWATCH_CONFIG", path)
    }

    /// Its home directory, which is removed once nothing refers to it.
    pub fn home(&self) -> Arc<TempDir> {
        self.home.clone()
    }

    /// Shares the home directory of another command: its state directory, too.
    pub fn at_home_of(mut self, other: &Txwatch) -> Self {
        self.home = other.home();
        let home = self.home.path().to_owned();
        self.env("XDG_STATE_HOME", home.join("state")).env("HOME", home)
    }

    /// The directory for issued tokens.
    pub fn state_folder(&self) -> std::path::PathBuf {
        self.home.path().join("state").join("txwatch")
    }

    /// Writes a file into the home directory, and returns its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a file that no other user can read.
    pub fn write_private(&self, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.write(name, text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        path
    }

    /// The command itself, for settings that have no method here.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Has another program run it, which takes it and its arguments after its own.
    pub fn wrapped_by<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        let program = self.command.get_program();
        let own: Vec<_> = [program].into_iter().chain(self.command.get_args()).collect();
        let own = if program == DEFAULT_SIGNALS[0] { &own[DEFAULT_SIGNALS.len()..] } else { &own };
        let mut command = command_of(with_default_signals(words));
        command.args(own).env_clear().stdin(Stdio::null());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
        self
    }

    /// Runs it until it exits.
    pub fn run(mut self) -> CommandOutput {
        CommandOutput::from(self.command.output().unwrap())
    }

    /// Runs it until it exits, with coloured output: the only escape sequences are those of colour.
    pub fn run_coloured(mut self) -> CommandOutput {
        let output = CommandOutput::of(self.command.output().unwrap());
        let plain = |text: &str| without_colour(text);
        let shown = CommandOutput {
            code: output.code,
            stdout: plain(&output.stdout),
            stderr: plain(&output.stderr),
        };
        shown.checked();
        output
    }

    /// Runs it until it exits, with `-o json`, and checks the records.
    pub fn run_json(mut self) -> (CommandOutput, Vec<Value>) {
        self.command.args(["-o", "json"]);
        let output = self.run();
        let records = schema::records(&output.stdout, output.code);
        (output, records)
    }
}

/// The token of the tests, which no output may contain.
pub const TOKEN: &str = "tok_5f0c1e77-secret";

/// The API key of the tests, which is no secret.
pub const API_KEY: &str = "api-key-1";

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        CommandOutput::of(output).checked()
    }
}

impl CommandOutput {
    fn of(output: Output) -> Self {
        CommandOutput {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks what holds for the output of every command.
    pub(super) fn checked(self) -> Self {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains(TOKEN), "the token was shown: {self:#?}");
            assert!(!text.contains("panicked"), "{self:#?}");
            assert!(!text.contains(is_harmful), "harmful characters: {self:#?}");
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

/// Whether it is a control, bidi, zero-width or tag character, other than a newline or a tab.
pub fn is_harmful(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\t');
    control
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without colour sequences: `ESC [ … m`.
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
