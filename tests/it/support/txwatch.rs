//! The binary, with an environment of its own.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::schema;

/// A command line of txwatch that knows nothing of the machine it runs on: its own home, no proxy, no
/// configuration, UTC.
pub struct Txwatch {
    command: Command,
    home: TempDir,
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
    let home = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_txwatch"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command.env("HOME", home.path()).env("TZ", "UTC").env("PATH", path());
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

    /// Points the profile `proof` at a server.
    pub fn proof(self, url: &str) -> Self {
        self.env("TXWATCH_PROOF_URL", url).env("TXWATCH_PROOF_TOKEN", TOKEN)
    }

    /// Writes the configuration file.
    pub fn config(self, text: &str) -> Self {
        let path = self.write("config.toml", text);
        self.env("TXWATCH_CONFIG", path)
    }

    /// Writes a file into the home directory; answers its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> std::path::PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command itself, for what is not common.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Ended {
        Ended::from(self.command.output().unwrap())
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

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let ended = Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains(TOKEN), "the token was shown: {ended:#?}");
            assert!(!text.contains("panicked"), "{ended:#?}");
        }
        ended
    }
}
