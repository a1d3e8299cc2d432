//! Before anything is said: connections that are not accepted, and upgrades that are none.

use serde_json::Value;

use super::{OFTEN, loss, never_heals, pull_heals, push_heals, source};
use crate::support::faulty::{End, Fault, Faulty};
use crate::support::provider::{Provider, Word};
use crate::support::schema::of_type;
use crate::support::script::{Gate, Reply};

cells!(refused_push: all);
fn refused_push(provider: Provider) {
    let open = Gate::new();
    let completed = provider.connection([provider.message(Word::Completed)]);
    let server = provider.script([provider.answer(Word::Pending)], [completed]).start();
    let push = Faulty::refusing(server.address(), &open);
    let arguments = [&OFTEN[..], &["-o", "json"]].concat();
    let mut running =
        provider.command("watch", &server.url(), &push.url(), &arguments).start_piped();
    let lost = running.wait_for_stdout("\"lost\"");
    assert!(lost.contains("refused (os error"), "{lost}");
    open.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
    assert!(ended.stdout.contains("\"source\":\"push\""), "{ended:#?}");
}

cells!(refused_pull: all);
fn refused_pull(provider: Provider) {
    let open = Gate::new();
    let server = provider.script([provider.answer(Word::Completed)], []).start();
    let pull = Faulty::refusing(server.address(), &open);
    let arguments = [&OFTEN[..], &["-vv"]].concat();
    let mut running = provider.command("poll", &pull.url(), &server.url(), &arguments).start();
    running.wait_for_stderr("refused (os error");
    open.open();
    let ended = running.end();
    assert_eq!(ended.code, 0, "{ended:#?}");
}

cells!(refused_for_good: all);
fn refused_for_good(provider: Provider) {
    let server = provider.script([], []).start();
    let nowhere = Faulty::refusing(server.address(), &Gate::new());
    let arguments = [&OFTEN[..], &["--max-outage", "400ms"]].concat();
    let ended = provider.command("watch", &nowhere.url(), &nowhere.url(), &arguments).run();
    ended.fails(75, "refused (os error");
    assert!(ended.stderr.contains("NOT final"), "{ended:#?}");
}

cells!(reset_push: all);
fn reset_push(provider: Provider) {
    let reason = push_heals(provider, Fault::Unanswered(End::Reset));
    assert!(reason.contains("failed: "), "{reason}");
    let reason = push_heals(provider, Fault::After("HTTP/1.1 ", End::Reset));
    assert!(reason.contains("failed: "), "{reason}");
}

cells!(reset_pull: all);
fn reset_pull(provider: Provider) {
    let told = pull_heals(provider, Fault::Unanswered(End::Reset));
    assert!(told.contains("failed: "), "{told}");
    let told = pull_heals(provider, Fault::After("HTTP/1.1 ", End::Reset));
    assert!(told.contains("failed: "), "{told}");
}

cells!(reset_for_good: all);
fn reset_for_good(provider: Provider) {
    never_heals(provider, Fault::Unanswered(End::Reset)).fails(75, "failed: ");
    never_heals(provider, Fault::Unanswered(End::Closed)).fails(75, "failed: ");
}

cells!(wrong_accept: proof, transak, cspr);
fn wrong_accept(provider: Provider) {
    let wrong = || Reply::upgrade_with_accept("AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let completed = provider.connection([provider.message(Word::Completed)]);
    let server = provider.script([provider.answer(Word::Pending)], [wrong(), completed]).start();
    let watch = || provider.command("watch", &server.url(), &server.url(), &OFTEN);
    let (ended, records) = watch().run_json();
    assert_eq!((ended.code, source(&records)), (0, &Value::from("push")), "{ended:#?}");
    assert!(loss(&records).contains("its Sec-WebSocket-Accept is wrong"));
    let warning = of_type(&records, "warning").next().unwrap();
    assert_eq!(warning["code"], "push_unavailable");

    // Without anybody to ask instead it is a refusal.
    let server = provider.script([provider.answer(Word::Pending)], [wrong()]).start();
    let mut watch = provider.command("watch", &server.url(), &server.url(), &OFTEN);
    watch.command().args(["--transport", "push"]);
    watch.run().fails(77, "its Sec-WebSocket-Accept is wrong");
}
