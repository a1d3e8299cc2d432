//! What is measured, as users get it.

use std::env::{current_exe, var_os, vars_os};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Builds txwatch and these examples, and answers their folder: `cargo bench` itself adds the features of
/// its dependencies.
pub(crate) fn built(examples: &[&str]) -> Result<PathBuf> {
    let examples = examples.iter().map(|example| ["--example", example]);
    for target in [["--bin", "txwatch"]].into_iter().chain(examples) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--release", "--quiet"]);
        // What `cargo bench` says of this package would make dependencies be built again.
        for (name, _) in vars_os() {
            let ours = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if ours {
                cargo.env_remove(name);
            }
        }
        let status = cargo.args(target).status()?;
        ensure!(status.success(), "{target:?} could not be built");
    }
    let this = current_exe()?;
    Ok(this.ancestors().nth(2).context("it is not in a target directory")?.to_owned())
}

/// Where the packages are that the scripts require.
pub(crate) fn packages() -> OsString {
    let peers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/node_modules");
    var_os("NODE_PATH").unwrap_or_else(|| peers.into())
}

/// A file of this folder.
pub(crate) fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", name].iter().collect()
}
