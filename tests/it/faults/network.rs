//! Names that cannot be resolved at first: with a hosts file that only the command sees, or by a proxy that
//! resolves for the command.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

use super::{OFTEN, SHORT_OUTAGE, completed_by_push};
use crate::support::provider::{Provider, Status};
use crate::support::proxy::ConnectProxy;
use crate::support::server::Server;
use crate::support::tls::Authority;
use crate::support::txwatch::Txwatch;

/// The `nsswitch.conf` that the command sees: names are reported up in its hosts file alone.
const SWITCH: &str = "hosts: files\n";
const LOCALHOST: &str = "127.0.0.1 localhost\n";

/// Has the command resolve names by the hosts file that is returned, which is empty at first; `None` where
/// namespaces are not available.
fn with_hosts(command: Txwatch) -> Option<(Txwatch, PathBuf)> {
    const SCRIPT: &str = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/nsswitch.conf && \
                          shift 2 && exec \"$@\"";
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: namespaces are not available here");
        return None;
    }
    let hosts = command.write("hosts", "");
    let switch = command.write("nsswitch.conf", SWITCH);
    let paths = [hosts.as_os_str(), switch.as_os_str()];
    let wrapped = ["unshare", "-rm", "sh", "-c", SCRIPT, "sh"].map(std::ffi::OsStr::new);
    let command = command.wrapped_by(wrapped.into_iter().chain(paths));
    Some((command, hosts))
}

cells!(no_such_host_pull: all);
fn no_such_host_pull(provider: Provider) {
    let server = provider.script([provider.answer(Status::Completed)], []).start();
    let url = server.url_as("localhost");
    let arguments = [&OFTEN[..], &["-vv"]].concat();
    let Some((command, hosts)) = with_hosts(provider.command("poll", &url, &url, &arguments))
    else {
        return;
    };
    let mut running = command.start();
    let line = running.wait_for_stderr("failed: ");
    assert!(line.contains("failed to lookup address"), "{line}");
    std::fs::write(&hosts, LOCALHOST).unwrap();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
}

cells!(no_such_host_push: all);
fn no_such_host_push(provider: Provider) {
    let server = completed_by_push(provider);
    let url = server.url_as("localhost");
    let arguments = [&OFTEN[..], &["-o", "json"]].concat();
    let command = provider.push_command(&server.url(), &url, &arguments);
    let Some((command, hosts)) = with_hosts(command) else {
        return;
    };
    let mut running = command.start_piped();
    let lost = running.wait_for_stdout("\"lost\"");
    assert!(lost.contains("failed to lookup address"), "{lost}");
    std::fs::write(&hosts, LOCALHOST).unwrap();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
    assert!(output.stdout.contains("\"source\":\"push\""), "{output:#?}");
}

cells!(no_such_host_for_good: all);
fn no_such_host_for_good(provider: Provider) {
    let server = provider.script([], []).start();
    let url = server.url_as("localhost");
    let Some((command, _)) = with_hosts(provider.command("watch", &url, &url, &SHORT_OUTAGE))
    else {
        return;
    };
    let output = command.run();
    output.fails(75, "failed to lookup address");
    assert!(output.stderr.contains("What was not heard is not known"), "{output:#?}");
}

/// A server whose name only the proxy can resolve, from the second request on.
fn behind_a_proxy(provider: Provider, name: &str) -> (Server, ConnectProxy, Txwatch) {
    let authority = Authority::new();
    let completed = provider.connection([provider.message(Status::Completed)]);
    let server = provider
        .script([provider.answer(Status::Completed)], [completed])
        .tls(authority.server("provider.invalid"))
        .start();
    let proxy = ConnectProxy::failing_first(server.address(), 1);
    let url = "https://provider.invalid";
    let command = provider.command(name, url, url, &OFTEN);
    let command = command.trusting(&authority).env("HTTPS_PROXY", proxy.url());
    (server, proxy, command)
}

cells!(no_such_host_for_the_proxy: all);
/// The first connection that fails is a request with `poll`, and the push connection with `watch`.
fn no_such_host_for_the_proxy(provider: Provider) {
    for name in ["poll", "watch"] {
        let (server, proxy, mut command) = behind_a_proxy(provider, name);
        command.command().arg("-vv");
        let output = command.run();
        assert_eq!(output.code, 0, "{output:#?}");
        assert!(output.stderr.contains("provider.invalid"), "{output:#?}");
        assert!(output.stderr.contains("failed: "), "{output:#?}");
        assert!(proxy.requests().len() >= 2 && !server.requests().is_empty());
    }
}
