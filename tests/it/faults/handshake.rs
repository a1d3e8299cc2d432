//! Before the first message: refused connections and invalid upgrades.

use super::{
    OFTEN, SHORT_OUTAGE, completed_by_push, loss, never_recovers, pull_recovers, push_recovers,
};
use crate::support::faulty::{Failure, Fault, FaultyProxy};
use crate::support::provider::{Provider, Status};
use crate::support::schema::{last_source, of_type};
use crate::support::script::{Gate, Reply};

cells!(refused_push: all);
fn refused_push(provider: Provider) {
    let open = Gate::new();
    let server = completed_by_push(provider);
    let push = FaultyProxy::refusing(server.address(), &open);
    let command = provider.push_command(&server.url(), &push.url(), &OFTEN);
    let (output, records) = command.run_json_opening(&open, "\"lost\"");
    assert!(loss(&records).contains("refused (os error"), "{records:#?}");
    assert_eq!((output.code, last_source(&records)), (0, "push"), "{output:#?}");
}

cells!(refused_pull: all);
fn refused_pull(provider: Provider) {
    let open = Gate::new();
    let server = provider.script([provider.answer(Status::Completed)], []).start();
    let pull = FaultyProxy::refusing(server.address(), &open);
    let arguments = [&OFTEN[..], &["-vv"]].concat();
    let mut running = provider.command("poll", &pull.url(), &server.url(), &arguments).start();
    running.wait_for_stderr("refused (os error");
    open.open();
    let output = running.wait();
    assert_eq!(output.code, 0, "{output:#?}");
}

cells!(refused_for_good: all);
fn refused_for_good(provider: Provider) {
    let server = provider.script([], []).start();
    let proxy = FaultyProxy::refusing(server.address(), &Gate::new());
    let output = provider.command("watch", &proxy.url(), &proxy.url(), &SHORT_OUTAGE).run();
    output.fails(75, "refused (os error");
    assert!(output.stderr.contains("What was not heard is not known"), "{output:#?}");
}

cells!(reset_push: all);
fn reset_push(provider: Provider) {
    let reason = push_recovers(provider, Fault::Unanswered(Failure::Reset));
    assert!(reason.contains("failed: "), "{reason}");
    let reason = push_recovers(provider, Fault::After("HTTP/1.1 ", Failure::Reset));
    assert!(reason.contains("failed: "), "{reason}");
}

cells!(reset_pull: all);
fn reset_pull(provider: Provider) {
    let line = pull_recovers(provider, Fault::Unanswered(Failure::Reset));
    assert!(line.contains("failed: "), "{line}");
    let line = pull_recovers(provider, Fault::After("HTTP/1.1 ", Failure::Reset));
    assert!(line.contains("failed: "), "{line}");
}

cells!(reset_for_good: all);
fn reset_for_good(provider: Provider) {
    never_recovers(provider, Fault::Unanswered(Failure::Reset)).fails(75, "failed: ");
    never_recovers(provider, Fault::Unanswered(Failure::Closed)).fails(75, "failed: ");
}

cells!(wrong_accept: proof, transak, cspr);
fn wrong_accept(provider: Provider) {
    let wrong = || Reply::upgrade_with_accept("AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let completed = provider.connection([provider.message(Status::Completed)]);
    let server = provider.script([provider.answer(Status::Pending)], [wrong(), completed]).start();
    let watch = || provider.command("watch", &server.url(), &server.url(), &provider.interval());
    let (output, records) = watch().run_json();
    let ended = (0, provider.source_of_pushed());
    assert_eq!((output.code, last_source(&records)), ended, "{output:#?}");
    assert!(loss(&records).contains("its Sec-WebSocket-Accept is wrong"));
    let warning = of_type(&records, "warning").next().unwrap();
    assert_eq!(warning["code"], "push_unavailable");

    // Where polling cannot replace it, it is a refusal.
    let server = provider.script([provider.answer(Status::Pending)], [wrong()]).start();
    let mut watch = provider.command("watch", &server.url(), &server.url(), &OFTEN);
    watch.command().args(["--transport", "push"]);
    watch.run().fails(77, "its Sec-WebSocket-Accept is wrong");
}
