//! Every fault with every provider, on the push side and on the pull side. The expected results are in the
//! table of `tests/README.md`, which a test compares with the tests that exist.

/// One test for each provider of a fault, so that a failure names its cell of the table.
macro_rules! cells {
    ($fault:ident: all) => { cells!($fault: proof, transak, cspr, casper); };
    ($fault:ident: $($provider:ident),+) => {
        mod $fault {
            $(
                #[test]
                fn $provider() {
                    super::$fault($crate::support::provider::Provider::named(stringify!($provider)));
                }
            )+
        }
    };
}

mod frames;
mod handshake;
mod network;
mod packet_loss;
mod requests;
mod table;
mod time;
mod trust;
mod weather;

use serde_json::Value;

use crate::support::faulty::{Failure, Fault, FaultyProxy};
use crate::support::provider::{Provider, Status};
use crate::support::schema::{first_lost, last_source, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::server::Server;
use crate::support::txwatch::CommandOutput;

/// A polling interval so short that no test waits for it.
const OFTEN: [&str; 2] = ["-i", "100ms"];

/// Arguments that end an outage soon.
const SHORT_OUTAGE: [&str; 4] = ["-i", "100ms", "--max-outage", "400ms"];

/// Why the push connection was lost for the first time.
fn loss(records: &[Value]) -> &str {
    first_lost(records)["reason"].as_str().unwrap()
}

/// A server whose REST API reports the transaction as pending, and whose push connection completes it.
fn completed_by_push(provider: Provider) -> Server {
    let completed = provider.connection([provider.message(Status::Completed)]);
    provider.script([provider.answer(Status::Pending)], [completed]).start()
}

/// The first push connection fails with this fault, and the second one completes the transaction, which
/// polling does not. Returns why the first was lost.
fn push_recovers(provider: Provider, first: Fault) -> String {
    let server = completed_by_push(provider);
    let push = FaultyProxy::new(server.address(), [first, Fault::None]);
    let (output, records) = provider.push_command(&server.url(), &push.url(), &OFTEN).run_json();
    assert_eq!(output.code, 0, "{output:#?}");
    assert_eq!((last_source(&records), push.connections()), ("push", 2));
    loss(&records).to_owned()
}

/// The first request fails with this fault, and the second is answered. Returns the line about the first.
fn pull_recovers(provider: Provider, first: Fault) -> String {
    let server = provider.script([provider.answer(Status::Completed)], []).start();
    let pull = FaultyProxy::new(server.address(), [first, Fault::None]);
    let output = provider
        .command("poll", &pull.url(), &server.url(), &[&OFTEN[..], &["-vv"]].concat())
        .run();
    assert_eq!((output.code, pull.connections()), (0, 2), "{output:#?}");
    let mut failures = output.stderr.lines().filter(|line| line.contains("the request to"));
    failures.next().expect("the failure was not printed").to_owned()
}

/// Every connection fails with this fault, and the watch ends with the outage.
fn never_recovers(provider: Provider, fault: Fault) -> CommandOutput {
    let server =
        provider.script([provider.answer(Status::Completed)], [provider.connection([])]).start();
    let faulty = FaultyProxy::new(server.address(), [fault]);
    let output = provider.command("watch", &faulty.url(), &faulty.url(), &SHORT_OUTAGE).run();
    assert!(output.code == 75, "{output:#?}");
    assert!(
        output.stderr.contains("What was not heard is not known")
            && !output.stdout.contains("completed"),
        "{output:#?}"
    );
    output
}

/// Once the transaction was reported as pending, the push connection takes these steps, perhaps through a
/// proxy with this fault. The next request reports that it failed. Returns the records.
fn failed_after(provider: Provider, steps: Vec<Step>, fault: Option<Fault>) -> Vec<Value> {
    let reported = Gate::new();
    let steps = [vec![Step::Await(reported.clone())], steps].concat();
    let answers = [provider.answer(Status::Pending), provider.answer(Status::Failed)];
    let connections = [provider.connection(steps), provider.connection([])];
    let server = provider.script(answers, connections).start();
    let proxy = fault.map(|fault| FaultyProxy::new(server.address(), [fault, Fault::None]));
    let push_url = proxy.as_ref().map_or_else(|| server.url(), FaultyProxy::url);
    let command = provider.command("watch", &server.url(), &push_url, &[]);
    let (output, records) = command.run_json_opening(&reported, "\"status\":\"p");
    assert_eq!(output.code, 10, "{output:#?}");
    records
}

/// A message that would complete the transaction is cut off in the middle. Returns why the connection was lost.
fn half_a_message(provider: Provider, failure: Failure) -> String {
    let fault = Fault::After(provider.half_an_ending(), failure);
    let records = failed_after(provider, vec![provider.message(Status::Completed)], Some(fault));
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    assert!(!statuses(&records).contains(&"completed"), "half a message was accepted");
    loss(&records).to_owned()
}

/// A `poll` whose requests get these answers, one after the other.
fn polled(provider: Provider, answers: impl Into<Vec<Reply>>, arguments: &[&str]) -> CommandOutput {
    let server = provider.script(answers, []).start();
    let arguments = [&OFTEN[..], arguments].concat();
    provider.command("poll", &server.url(), &server.url(), &arguments).run()
}
