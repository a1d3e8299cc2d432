//! Every fault befalls every provider, on the side that pushes and on the side that is asked. What comes
//! of it is in the table of `tests/README.md`, which a test holds against the tests there are.

/// One test for each provider, so that a cell that fails has a name.
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
mod requests;
mod table;
mod time;
mod trust;
mod vanishing;

use serde_json::Value;

use crate::support::faulty::{Fault, Faulty};
use crate::support::provider::{Provider, Word};
use crate::support::schema::{of_type, records, statuses};
use crate::support::script::{Gate, Reply, Step};
use crate::support::txwatch::Ended;

/// So often that no test waits for it.
const OFTEN: [&str; 2] = ["-i", "100ms"];

/// Why the push connection was lost for the first time.
fn loss(records: &[Value]) -> &str {
    let lost = of_type(records, "connection").find(|record| record["state"] == "lost");
    lost.expect("it was never lost")["reason"].as_str().unwrap()
}

/// Which side brought the ending.
fn source(records: &[Value]) -> &Value {
    &of_type(records, "status").last().expect("there is no status")["source"]
}

/// The first push connection fails like this, and the second brings the ending; requests know of none.
/// Answers why the first was lost.
fn push_heals(provider: Provider, first: Fault) -> String {
    let completed = provider.connection([provider.message(Word::Completed)]);
    let server = provider.script([provider.answer(Word::Pending)], [completed]).start();
    let push = Faulty::before(server.address(), [first, Fault::None]);
    let (ended, records) = provider.command("watch", &server.url(), &push.url(), &OFTEN).run_json();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert_eq!((source(&records), push.met()), (&Value::from("push"), 2));
    loss(&records).to_owned()
}

/// The first request fails like this, and the second is answered. Answers what was told of the first.
fn pull_heals(provider: Provider, first: Fault) -> String {
    let server = provider.script([provider.answer(Word::Completed)], []).start();
    let pull = Faulty::before(server.address(), [first, Fault::None]);
    let ended = provider
        .command("poll", &pull.url(), &server.url(), &[&OFTEN[..], &["-vv"]].concat())
        .run();
    assert_eq!((ended.code, pull.met()), (0, 2), "{ended:#?}");
    let mut failures = ended.stderr.lines().filter(|line| line.contains("the request to"));
    failures.next().expect("nothing was told").to_owned()
}

/// Nothing gets through, ever, and the watch says so as soon as it may.
fn never_heals(provider: Provider, fault: Fault) -> Ended {
    let server =
        provider.script([provider.answer(Word::Completed)], [provider.connection([])]).start();
    let faulty = Faulty::before(server.address(), [fault]);
    let arguments = [&OFTEN[..], &["--max-outage", "400ms"]].concat();
    let ended = provider.command("watch", &faulty.url(), &faulty.url(), &arguments).run();
    assert!(ended.code == 75, "{ended:#?}");
    assert!(
        ended.stderr.contains("NOT final") && !ended.stdout.contains("completed"),
        "{ended:#?}"
    );
    ended
}

/// A message that would complete the transaction breaks off in the middle, after the transaction was
/// seen pending; whoever asks then is told that it failed. Answers why the connection was lost.
fn half_a_message(provider: Provider, fault: Fault) -> String {
    let seen = Gate::new();
    let steps = [Step::Await(seen.clone()), provider.message(Word::Completed)];
    let answers = [provider.answer(Word::Pending), provider.answer(Word::Failed)];
    let connections = [provider.connection(steps), provider.connection([])];
    let server = provider.script(answers, connections).start();
    let push = Faulty::before(server.address(), [fault, Fault::None]);
    let arguments = ["-o", "json"];
    let mut running =
        provider.command("watch", &server.url(), &push.url(), &arguments).start_piped();
    running.wait_for_stdout("\"status\":\"p");
    seen.open();
    let ended = running.end();
    let records = records(&ended.stdout, ended.code);
    assert_eq!(ended.code, 10, "{ended:#?}");
    assert_eq!(statuses(&records).last(), Some(&"failed"));
    assert!(!statuses(&records).contains(&"completed"), "half a message was believed");
    loss(&records).to_owned()
}

/// Requests are answered one after the other, and nothing is pushed.
fn polled(provider: Provider, answers: impl Into<Vec<Reply>>, arguments: &[&str]) -> Ended {
    let server = provider.script(answers, []).start();
    let arguments = [&OFTEN[..], arguments].concat();
    provider.command("poll", &server.url(), &server.url(), &arguments).run()
}
