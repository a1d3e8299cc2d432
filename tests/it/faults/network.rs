//! Names that cannot be resolved, and then can: with a file of hosts that only the command sees, or by
//! the proxy that does it for the command.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

use super::OFTEN;
use crate::support::provider::{Provider, Word};
use crate::support::proxy::Proxy;
use crate::support::server::Server;
use crate::support::tls::Authority;
use crate::support::txwatch::Txwatch;

/// What the command sees in place of the machine's own: no hosts, and nobody to ask for them.
const SWITCH: &str = "hosts: files\n";
const LOCALHOST: &str = "127.0.0.1 localhost\n";

/// Lets the command resolve what is in the file that comes back, and nothing else; none where namespaces
/// are not to be had.
fn with_hosts(command: Txwatch) -> Option<(Txwatch, PathBuf)> {
    const SCRIPT: &str = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/nsswitch.conf && \
                          shift 2 && exec \"$@\"";
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: namespaces are not to be had here");
        return None;
    }
    let hosts = command.write("hosts", "");
    let switch = command.write("nsswitch.conf", SWITCH);
    let paths = [hosts.as_os_str(), switch.as_os_str()];
    let wrapped = ["unshare", "-rm", "sh", "-c", SCRIPT, "sh"].map(std::ffi::OsStr::new);
    let command = command.run_by(wrapped.into_iter().chain(paths));
    Some((command, hosts))
}

cells!(no_such_host_pull: all);
fn no_such_host_pull(provider: Provider) {
    let server = provider.script([provider.answer(Word::Completed)], []).start();
    let url = server.url_as("localhost");
    let arguments = [&OFTEN[..], &["-vv"]].concat();
    let Some((command, hosts)) = with_hosts(provider.command("poll", &url, &url, &arguments))
    else {
        return;
    };
    let mut running = command.start();
    let told = running.wait_for_stderr("failed: ");
    assert!(told.contains("failed to lookup address"), "{told}");
    std::fs::write(&hosts, LOCALHOST).unwrap();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

cells!(no_such_host_push: all);
fn no_such_host_push(provider: Provider) {
    let completed = provider.connection([provider.message(Word::Completed)]);
    let server = provider.script([provider.answer(Word::Pending)], [completed]).start();
    let url = server.url_as("localhost");
    let arguments = [&OFTEN[..], &["-o", "json"]].concat();
    let command = provider.command("watch", &server.url(), &url, &arguments);
    let Some((command, hosts)) = with_hosts(command) else {
        return;
    };
    let mut running = command.start_piped();
    let lost = running.wait_for_stdout("\"lost\"");
    assert!(lost.contains("failed to lookup address"), "{lost}");
    std::fs::write(&hosts, LOCALHOST).unwrap();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stdout.contains("\"source\":\"push\""), "{ended:#?}");
}

cells!(no_such_host_for_good: all);
fn no_such_host_for_good(provider: Provider) {
    let server = provider.script([], []).start();
    let url = server.url_as("localhost");
    let arguments = [&OFTEN[..], &["--max-outage", "400ms"]].concat();
    let Some((command, _)) = with_hosts(provider.command("watch", &url, &url, &arguments)) else {
        return;
    };
    let ended = command.run();
    ended.fails(75, "failed to lookup address");
    assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
}

/// A server behind a name that only a proxy can resolve, from the second time on.
fn behind_a_proxy(provider: Provider, name: &str) -> (Server, Proxy, Txwatch) {
    let authority = Authority::new();
    let completed = provider.connection([provider.message(Word::Completed)]);
    let server = provider
        .script([provider.answer(Word::Completed)], [completed])
        .tls(authority.server("provider.invalid"))
        .start();
    let proxy = Proxy::to_after(server.address(), 1);
    let url = "https://provider.invalid";
    let command = provider.command(name, url, url, &OFTEN);
    let file = command.write("ca.pem", authority.pem());
    let command = command.env("TXWATCH_CACERT", file).env("HTTPS_PROXY", proxy.url());
    (server, proxy, command)
}

cells!(no_such_host_for_the_proxy: all);
/// The first to be refused is a request with `poll`, and the push connection with `watch`.
fn no_such_host_for_the_proxy(provider: Provider) {
    for name in ["poll", "watch"] {
        let (server, proxy, mut command) = behind_a_proxy(provider, name);
        command.command().arg("-vv");
        let ended = command.run();
        assert_eq!(ended.code, 0, "{ended:#?}");
        assert!(ended.stderr.contains("provider.invalid"), "{ended:#?}");
        assert!(ended.stderr.contains("failed: "), "{ended:#?}");
        assert!(proxy.asked().len() >= 2 && !server.seen().is_empty());
    }
}
