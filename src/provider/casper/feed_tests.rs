use proptest::prelude::*;

use super::*;
use crate::provider::testing::{is_live_with, is_malformed};
use crate::provider::{FeedAction, FeedSignal, Report};
use crate::wire::Frame;

fn feed() -> Box<dyn Feed> {
    let (mut feed, ids) = node().feeds(&[Id::new(ID)]).remove(0);
    assert_eq!(ids, [Id::new(ID)]);
    feed.opened();
    feed
}

fn receive(feed: &mut dyn Feed, id: Option<&str>, data: &str) -> Vec<FeedAction> {
    feed.received(Frame::Event { id: id.map(str::to_owned), data: data.to_owned() })
}

/// The one report that an event gives.
fn reported(event: &Value) -> Report {
    let mut actions = receive(feed().as_mut(), Some("7"), &event.to_string());
    match (actions.pop(), actions.pop()) {
        (Some(FeedAction::Signal(FeedSignal::Observed(id, report))), None) if id.as_str() == ID => {
            *report
        }
        other => panic!("{other:?}"),
    }
}

fn processed(tag: &str, result: Value) -> Value {
    json!({ "TransactionProcessed": {
        "transaction_hash": { tag: ID }, "initiator_addr": { "PublicKey": "0184f6d2" },
        "timestamp": SENT_AT, "ttl": "30m", "block_hash": BLOCK, "execution_result": result, "messages": [],
    } })
}

fn deploy_processed(result: Value) -> Value {
    json!({ "DeployProcessed": {
        "deploy_hash": ID, "account": "01e35e19", "timestamp": SENT_AT, "ttl": "30m", "dependencies": [],
        "block_hash": BLOCK, "execution_result": result,
    } })
}

fn events() -> Vec<(Value, Status)> {
    vec![
        (json!({ "TransactionAccepted": transaction() }), Status::Pending),
        (json!({ "TransactionAccepted": { "Deploy": deploy() } }), Status::Pending),
        (json!({ "DeployAccepted": deploy() }), Status::Pending),
        (processed("Version1", second(Value::Null)), Status::Completed),
        (processed("Deploy", second(json!("Out of gas"))), Status::Failed),
        (processed("Deploy", json!({ "Version1": success() })), Status::Completed),
        (deploy_processed(success()), Status::Completed),
        (deploy_processed(failure("Out of gas")), Status::Failed),
    ]
}

#[test]
fn every_event_about_a_transaction_has_its_status() {
    for (event, status) in events() {
        let report = reported(&event);
        assert_eq!(report.status, status, "{event}");
        assert_eq!(report.transaction.hash.as_deref(), Some(ID));
        assert_eq!(report.data.as_ref(), Some(&event), "it is shown verbatim");
        assert_eq!(report.transaction.created_at.as_deref(), Some(SENT_AT), "{event}");
    }
    let report = reported(&processed("Version1", second(json!("Out of gas"))));
    assert_eq!(report.transaction.error.as_deref(), Some("Out of gas"));
    assert_eq!(report.transaction.cost, Some(Amount::new("246912", MOTES)));
    assert_eq!(report.transaction.block.as_deref(), Some(BLOCK));
    assert!(report.detail.unwrap().contains("Out of gas"));
}

#[test]
fn hashes_are_compared_without_case() {
    let event = processed("Version1", second(Value::Null)).to_string();
    let event = event.replace(ID, &ID.to_ascii_uppercase());
    assert_eq!(receive(feed().as_mut(), None, &event).len(), 1);
}

#[test]
fn events_about_other_hashes_are_ignored() {
    let mut feed = feed();
    for (event, _) in events() {
        let event = event.to_string().replace(ID, OTHER);
        assert!(receive(feed.as_mut(), None, &event).is_empty(), "{event}");
    }
    for event in [
        r#"{"ApiVersion":"2.0.0"}"#,
        // Not even parsed.
        r#"{"BlockAdded":{"block_hash":"35","block":{"#,
        r#"{"FinalitySignature":{"V2":{}}}"#,
        r#"{"Step":{"era_id":1}}"#,
        r#"{"SomethingNew":7}"#,
        r#""Shutdown""#,
        "",
    ] {
        assert!(receive(feed.as_mut(), None, event).is_empty(), "{event}");
    }
    feed.forget(&Id::new(ID));
    let event = deploy_processed(success()).to_string();
    assert!(receive(feed.as_mut(), None, &event).is_empty());
}

/// A node announces it by its own clock, be it behind the network or with the transaction in a proposed block.
#[test]
fn an_expired_event_is_a_reason_to_look() {
    for event in [
        json!({ "TransactionExpired": { "transaction_hash": { "Version1": ID } } }),
        json!({ "TransactionExpired": { "transaction_hash": { "Deploy": ID } } }),
        json!({ "DeployExpired": { "deploy_hash": ID } }),
    ] {
        let actions = receive(feed().as_mut(), None, &event.to_string());
        assert!(is_changed(&actions), "{event}: {actions:?}");
        let other = event.to_string().replace(ID, OTHER);
        assert!(receive(feed().as_mut(), None, &other).is_empty());
    }
}

fn is_changed(actions: &[FeedAction]) -> bool {
    matches!(actions, [FeedAction::Signal(FeedSignal::Changed(Some(ids)))]
        if *ids == [Id::new(ID)])
}

fn exists(actions: &[FeedAction]) -> bool {
    matches!(actions, [FeedAction::Signal(FeedSignal::Exists(id))] if *id == Id::new(ID))
}

#[test]
fn a_malformed_event_is_a_warning_and_no_status() {
    for event in [
        r#"{"TransactionProcessed":{"transaction_hash""#,
        r#"{"TransactionExpired":{}}"#,
        r#"{"DeployExpired":7}"#,
    ] {
        let actions = receive(feed().as_mut(), None, event);
        assert!(is_malformed(&actions), "{event}: {actions:?}");
    }
    let actions = feed().received(Frame::Text("hello".to_owned()));
    assert!(is_malformed(&actions), "{actions:?}");
}

/// It may be the ending.
#[test]
fn a_malformed_event_about_a_followed_hash_is_a_reason_to_look() {
    let bare = json!({ "TransactionProcessed": { "transaction_hash": { "Version1": ID } } });
    let good = processed("Version1", second(Value::Null)).to_string();
    let twice = |key: &str, other: &str| good.replacen(key, &format!("{other},{key}"), 1);
    let mut several = processed("Version1", second(Value::Null));
    several["TransactionExpired"] = json!({ "transaction_hash": { "Version1": ID } });
    let mut two_hashes = processed("Version1", second(Value::Null));
    two_hashes["TransactionProcessed"]["transaction_hash"]["Deploy"] = OTHER.into();
    for event in [
        bare.to_string(),
        processed("Version1", json!({})).to_string(),
        processed("Version1", Value::Null).to_string(),
        good[..good.len() / 2].to_owned(),
        twice(r#""error_message":"#, r#""error_message":"User error: 1""#),
        twice(r#""execution_result":"#, r#""execution_result":null"#),
        twice(r#""transaction_hash":"#, &format!(r#""transaction_hash":{{"Version1":"{OTHER}"}}"#)),
        twice(r#""TransactionProcessed":"#, r#""TransactionProcessed":{}"#),
        several.to_string(),
        two_hashes.to_string(),
        r#"{"TransactionProcessed":"#.to_owned() + &ID.to_ascii_uppercase(),
    ] {
        let actions = receive(feed().as_mut(), None, &event);
        let (warning, look) = actions.split_at(1);
        assert!(is_malformed(warning) && is_changed(look), "{event}: {actions:?}");
        // Of others it is a warning at most.
        let others = receive(feed().as_mut(), None, &event.to_lowercase().replace(ID, OTHER));
        assert!(others.len() <= 1, "{others:?}");
    }
}

#[test]
fn it_resumes_from_the_last_id_and_never_goes_back() {
    let mut feed = feed();
    assert_eq!(feed.request().url.as_str(), "http://127.0.0.1:9999/events");
    receive(feed.as_mut(), None, r#"{"ApiVersion":"2.0.0"}"#);
    receive(feed.as_mut(), Some("41"), r#"{"Step":{}}"#);
    receive(feed.as_mut(), Some("42"), r#"{"Step":{}}"#);
    feed.closed(None);
    assert_eq!(feed.request().url.as_str(), "http://127.0.0.1:9999/events?start_from=42");

    assert!(is_live_with(&feed.opened(), &[Id::new(ID)]));
    let accepted = json!({ "TransactionAccepted": transaction() }).to_string();
    let actions = receive(feed.as_mut(), Some("43"), &accepted);
    assert!(exists(&actions), "it may be executed by now: {actions:?}");
    let done = processed("Version1", second(Value::Null)).to_string();
    assert_eq!(receive(feed.as_mut(), Some("44"), &done).len(), 1);

    // After a restart the node counts from the beginning.
    receive(feed.as_mut(), Some("0"), r#"{"Step":{}}"#);
    assert_eq!(feed.request().url.query(), Some("start_from=0"));
    receive(feed.as_mut(), Some("no number"), r#"{"Step":{}}"#);
    assert_eq!(feed.request().url.query(), Some("start_from=0"));
}

#[test]
fn the_fallback_url_is_tried_once_in_a_row() {
    let mut feed = feed();
    receive(feed.as_mut(), Some("7"), r#"{"Step":{}}"#);
    assert!(feed.rejected(404));
    assert_eq!(feed.request().url.as_str(), "http://127.0.0.1:9999/events/main");
    assert!(!feed.rejected(404), "then it backs off");
    assert_eq!(feed.request().url.as_str(), "http://127.0.0.1:9999/events");
    assert!(feed.rejected(404));

    let older = node_with(&[("push_url", "http://127.0.0.1:9999/events/main")]);
    let mut older = older.feeds(&[Id::new(ID)]).remove(0).0;
    assert!(older.rejected(404));
    assert_eq!(older.request().url.as_str(), "http://127.0.0.1:9999/events");
}

#[test]
fn what_cannot_be_resumed_begins_anew_once_in_a_row() {
    let mut feed = feed();
    assert!(!feed.rejected(422), "nothing was to be resumed");
    receive(feed.as_mut(), Some("7"), r#"{"Step":{}}"#);
    assert!(!feed.rejected(503) && !feed.rejected(401));
    assert_eq!(feed.request().url.query(), Some("start_from=7"));
    assert!(feed.rejected(422));
    assert_eq!(feed.request().url.as_str(), "http://127.0.0.1:9999/events");
    assert!(!feed.rejected(422), "then it backs off");
}

#[test]
fn without_a_push_url_there_are_no_events() {
    assert!(node_with(&[]).feeds(&[Id::new(ID)]).is_empty());
}

proptest! {
    /// Arbitrary messages neither panic nor complete a transaction that has an error.
    #[test]
    fn no_sequence_of_frames_breaks_a_feed(frames in proptest::collection::vec(frame(), 0..40)) {
        let mut feed = feed();
        for (id, data) in &frames {
            for action in receive(feed.as_mut(), id.as_deref(), data) {
                if let FeedAction::Signal(FeedSignal::Observed(id, report)) = action {
                    prop_assert_eq!(id.as_str(), ID);
                    prop_assert!(report.status != Status::Completed || report.transaction.error.is_none());
                }
            }
            feed.request();
        }
    }
}

/// A good event, a good one cut short or with bytes replaced, or anything.
fn frame() -> impl Strategy<Value = (Option<String>, String)> {
    let texts: Vec<String> = events().into_iter().map(|(event, _)| event.to_string()).collect();
    let good = proptest::sample::select(texts);
    let cut = (good.clone(), any::<proptest::sample::Index>())
        .prop_map(|(text, at)| text[..at.index(text.len())].to_owned());
    let mangled = (good.clone(), any::<proptest::sample::Index>(), "[\\x20-\\x7e]").prop_map(
        |(mut text, at, byte)| {
            let at = at.index(text.len());
            text.replace_range(at..=at, &byte);
            text
        },
    );
    let id = proptest::option::of(prop_oneof![any::<u32>().prop_map(|id| id.to_string()), ".*"]);
    (id, prop_oneof![good, cut, mangled, any::<String>()])
}
