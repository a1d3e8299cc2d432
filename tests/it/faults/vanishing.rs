//! Packets that vanish, for real: everybody lives in a network of their own, whose only link goes down
//! while all connections are open, and comes up again when their loss was noticed. It takes a minute, and
//! a machine that lets its users make networks, so it is run when asked for:
//! `cargo test --test it vanishing -- --ignored`.
#![cfg(target_os = "linux")]

use jiff::Timestamp;
use serde_json::Value;

use crate::support::provider::Provider;
use crate::support::schema::{of_type, records};
use crate::support::txwatch::txwatch;

/// Watches one transaction of each provider of a sandbox. What the link does is told on stderr.
const STORY: &str = r#"
set -eu
cd "$HOME"
ip link set lo up
"$1" sandbox > sandbox.env 2> /dev/null &
sandbox=$!
trap 'kill $sandbox' EXIT
until grep -q CASPER_PUSH_URL sandbox.env; do sleep 0.1; done
. ./sandbox.env
"$1" watch proof:slow transak:slow "cspr:$2" "casper:$2" -o json --max-outage 2m > records &
watch=$!
until [ "$(grep -c '"state":"live"' records)" = 4 ]; do sleep 0.1; done
ip link set lo down
echo "down $(date -u +%FT%T.%NZ)" >&2
until [ "$(grep -c '"state":"lost"' records)" -ge 4 ]; do sleep 0.1; done
ip link set lo up
code=0
wait $watch || code=$?
cat records
exit $code
"#;

#[test]
#[ignore = "it takes a minute and a network of its own"]
fn every_loss_is_noticed_and_healed() {
    let slow = crate::support::casper::hash("slow");
    let wrapped = ["unshare", "-rn", "sh", "-c", STORY, "sh"];
    let mut command = txwatch([] as [&str; 0]).run_by(wrapped);
    command.command().arg(slow);
    let ended = command.run();
    assert_eq!(ended.code, 0, "{ended:#?}");
    let down = ended.stderr.lines().find_map(|line| line.strip_prefix("down ")).unwrap();
    let down: Timestamp = down.parse().unwrap();
    let records = records(&ended.stdout, ended.code);
    for provider in Provider::ALL {
        let is_lost =
            |record: &&Value| record["profile"] == provider.name() && record["state"] == "lost";
        let lost = of_type(&records, "connection").find(is_lost).unwrap();
        // Linux may notice before us, by a keep-alive of its own.
        let reason = lost["reason"].as_str().unwrap();
        assert!(reason.contains("silent") || reason.contains("the connection broke"), "{lost}");
        let at: Timestamp = lost["at"].as_str().unwrap().parse().unwrap();
        let after = at.duration_since(down);
        assert!(after.as_secs() <= 45, "{lost} after {after:?}");
    }
}
