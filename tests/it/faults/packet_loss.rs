//! Real packet loss: the sandbox and a watch share a network namespace, whose only link goes down while all
//! connections are open, and up again once their loss was detected. It takes a minute, and a machine on
//! which users may create network namespaces, so it is ignored by default:
//! `cargo test --test it packet_loss -- --ignored`.
#![cfg(target_os = "linux")]

use std::process::Stdio;

use jiff::Timestamp;
use serde_json::Value;

use crate::support::provider::Provider;
use crate::support::schema::of_type;
use crate::support::txwatch::txwatch;

/// Watches one transaction of each provider of a sandbox. A line on stdin takes the link down, the next one up
/// again. When it went down is written to stderr.
const SCRIPT: &str = r#"
set -eu
cd "$HOME"
ip link set lo up
mkfifo variables
"$1" sandbox > variables 2> /dev/null &
sandbox=$!
trap 'kill $sandbox' EXIT
exec 3< variables
variable=
until [ "${variable#*CASPER_PUSH_URL}" != "$variable" ]; do
    read -r variable <&3
    eval "$variable"
done
"$1" watch proof:slow transak:slow "cspr:$2" "casper:$2" -o json --max-outage 2m &
watch=$!
read -r _
ip link set lo down
echo "down $(date -u +%FT%T.%NZ)" >&2
read -r _
ip link set lo up
wait $watch
"#;

const CONNECTIONS: usize = Provider::ALL.len();

#[test]
#[ignore = "it takes a minute and a network of its own"]
fn every_loss_is_detected_and_recovered() {
    let slow = crate::support::casper::hash("slow");
    let wrapped = ["unshare", "-rnpf", "--kill-child", "sh", "-c", SCRIPT, "sh"];
    let mut command = txwatch([] as [&str; 0]).in_real_time().wrapped_by(wrapped);
    command.command().arg(slow).stdin(Stdio::piped());
    let mut running = command.start_piped();
    for _ in 0..CONNECTIONS {
        running.wait_for_stdout("\"state\":\"live\"");
    }
    running.send_line();
    for _ in 0..CONNECTIONS {
        running.wait_for_stdout("\"state\":\"lost\"");
    }
    running.send_line();
    let (output, records) = running.wait_json();
    assert_eq!(output.code, 0, "{output:#?}");
    let down = output.stderr.lines().find_map(|line| line.strip_prefix("down ")).unwrap();
    let down: Timestamp = down.parse().unwrap();
    for provider in Provider::ALL {
        let is_lost =
            |record: &&Value| record["profile"] == provider.name() && record["state"] == "lost";
        let lost = of_type(&records, "connection").find(is_lost).unwrap();
        // Linux may detect it earlier, by its own TCP timers.
        let reason = lost["reason"].as_str().unwrap();
        assert!(reason.contains("silent") || reason.contains("the connection broke"), "{lost}");
        let at: Timestamp = lost["at"].as_str().unwrap().parse().unwrap();
        let after = at.duration_since(down);
        assert!(after.as_secs() <= 45, "{lost} after {after:?}");
    }
}
