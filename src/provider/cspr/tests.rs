use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::provider::casper::status::MOTES;
use crate::provider::testing::{
    assert_404, assert_busy_has_retry_after, is_live_with, is_malformed, look_up, reported, written,
};
use crate::provider::{Amount, FeedAction, FeedSignal, Kind, Report, Status, testing};
use crate::wire::Frame;

const ID: &str = "88461218a5e972fcda1d764d7cc4edb2e0c3a538123b97890d484f43c55935f5";
const OTHER: &str = "99483863a391510b8d3447dd5cfc446b42d65e598672d569abc4cdded85b81e6";

fn cspr(values: &[(&str, &str)]) -> Arc<dyn Provider> {
    let mut settings = Settings::default();
    for (key, value) in values {
        settings.set(*key, *value);
    }
    CsprCloud.build(&settings).unwrap()
}

/// The sample of the documentation's page on deploys.
fn deploy() -> Value {
    json!({
        "deploy_hash": ID,
        "block_hash": "d76b4ce5281f2306911a0e5e9ac0b29f1f4daf36f4636e78599ce64a7f7528a1",
        "block_height": 2_404_577, "caller_public_key": "020304811a7b142c", "execution_type_id": 6,
        "contract_package_hash": null, "contract_hash": null, "entry_point_id": null,
        "payment_amount": "100000000", "cost": "100000000", "error_message": null,
        "status": "processed", "timestamp": "2024-01-08T15:24:47Z",
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut deploy = deploy();
    deploy[key] = value;
    deploy
}

fn read(status: u16, body: impl ToString) -> Reading {
    let response = Response::new(status, body.to_string());
    testing::read(&*cspr(&[]), ID, Timestamp::UNIX_EPOCH, &response)
}

fn observed(deploy: &Value) -> Report {
    testing::observed(read(200, json!({ "data": deploy })))
}

fn feed(ids: &[&str]) -> Box<dyn Feed> {
    let ids: Vec<Id> = ids.iter().map(|id| Id::new(id)).collect();
    let (mut feed, served) = cspr(&[]).feeds(&ids).remove(0);
    assert_eq!(served, ids);
    assert!(is_live_with(&feed.opened(), &ids));
    feed
}

fn receive(feed: &mut dyn Feed, text: &str) -> Vec<FeedAction> {
    feed.received(Frame::Text(text.to_owned()))
}

fn event(deploy: &Value) -> String {
    let timestamp = "2024-01-08T15:24:47.123456789Z";
    json!({ "action": "created", "data": deploy, "timestamp": timestamp }).to_string()
}

#[test]
fn the_documented_deploy_is_read() {
    let report = observed(&deploy());
    assert_eq!((report.status, report.provider_status.as_str()), (Status::Completed, "processed"));
    let record = &report.transaction;
    assert_eq!(record.cost, Some(Amount::new("100000000", MOTES)));
    assert_eq!(record.hash.as_deref(), Some(ID));
    assert!(record.block.as_deref().unwrap().starts_with("d76b"));
    assert_eq!(record.created_at.as_deref(), Some("2024-01-08T15:24:47Z"));
    assert_eq!((record.error.as_deref(), record.kind), (None, None));
    assert_eq!(report.data, Some(deploy()));
    assert_eq!(observed(&with("entry_point_id", json!(7))).transaction.kind, Some(Kind::Call));
}

#[test]
fn a_deploy_beside_an_error_is_not_understood() {
    for error in [json!({ "code": "timeout" }), json!("timeout"), json!(true)] {
        let reading = read(200, json!({ "data": deploy(), "error": error }));
        assert!(matches!(reading, Reading::Malformed(_)), "{error}: {reading:?}");
    }
    let reading = read(200, json!({ "data": deploy(), "error": null }));
    assert!(matches!(reading, Reading::Observed(_)), "{reading:?}");
}

#[test]
fn fields_that_decide_nothing_may_be_missing() {
    let fields = json!({ "deploy_hash": ID, "status": "processed", "error_message": null });
    let report = observed(&fields);
    assert_eq!(report.status, Status::Completed);
    assert_eq!(report.transaction.hash.as_deref(), Some(ID));
    let pending = observed(&json!({ "deploy_hash": ID, "status": "pending" }));
    assert_eq!(pending.status, Status::Pending);
    for key in ["deploy_hash", "status", "error_message"] {
        let mut broken = fields.clone();
        broken.as_object_mut().unwrap().remove(key);
        let reading = read(200, json!({ "data": broken }));
        assert!(matches!(reading, Reading::Malformed(_)), "{key}: {reading:?}");
    }
    for (key, value) in [
        ("status", Value::Null),
        ("status", json!("")),
        ("status", json!(["processed"])),
        ("deploy_hash", Value::Null),
        ("deploy_hash", json!(7)),
    ] {
        let reading = read(200, json!({ "data": with(key, value) }));
        assert!(matches!(reading, Reading::Malformed(_)), "{key}: {reading:?}");
    }
    for broken in [json!({}), json!([])] {
        assert!(matches!(read(200, json!({ "data": broken })), Reading::Malformed(_)), "{broken}");
    }
}

/// Parsers differ in which of two keys they take.
#[test]
fn an_ambiguous_deploy_is_not_understood() {
    for (key, twice) in [
        (r#""error_message":"#, r#""error_message":"User error: 1","error_message":"#),
        (r#""status":"#, r#""status":"pending","status":"#),
        (r#""status":"#, r#""status":"pending","sta\u0074us":"#),
        (r#""deploy_hash":"#, &format!(r#""deploy_hash":"{OTHER}","deploy_hash":"#)),
        (r#""data":"#, r#""data":null,"data":"#),
    ] {
        let body = json!({ "data": deploy() }).to_string().replacen(key, twice, 1);
        let reading = read(200, &body);
        assert!(matches!(reading, Reading::Malformed(_)), "{twice}: {reading:?}");
        let pushed = event(&deploy()).replacen(key, twice, 1);
        assert!(is_malformed_about(&receive(feed(&[ID]).as_mut(), &pushed)), "{pushed}");
    }
    let mut absent = deploy();
    absent.as_object_mut().unwrap().remove("error_message");
    assert!(is_malformed_about(&receive(feed(&[ID]).as_mut(), &event(&absent))));
}

/// Whether these actions are a warning, and a look at the deploy.
fn is_malformed_about(actions: &[FeedAction]) -> bool {
    let (warning, look) = actions.split_at(1);
    is_malformed(warning)
        && matches!(look, [FeedAction::Signal(FeedSignal::Changed(Some(ids)))]
            if *ids == [Id::new(ID)])
}

/// A deploy may still be executed after CSPR.cloud called it expired.
#[test]
fn only_an_expiry_is_reopened() {
    let allows_reopen = cspr(&[]).allows_reopen();
    for from in Status::ALL {
        for to in Status::ALL {
            let known = from == Status::Expired && matches!(to, Status::Completed | Status::Failed);
            assert_eq!(allows_reopen(from, to), known, "{from} {to}");
        }
    }
}

#[test]
fn what_was_processed_succeeded_only_without_an_error_message() {
    for error in [json!("Out of gas"), json!(""), json!(1), json!({ "a": 1 })] {
        let report = observed(&with("error_message", error.clone()));
        assert_eq!(
            (report.status, report.provider_status.as_str()),
            (Status::Failed, "processed"),
            "{error}"
        );
        assert!(report.transaction.error.is_some());
    }
    let report = observed(&with("error_message", json!("Out of gas")));
    assert_eq!(report.transaction.error.as_deref(), Some("Out of gas"));
    assert!(report.detail.unwrap().contains("Out of gas"));
}

/// CSPR.cloud's three words, and CSPR.click's.
#[test]
fn every_provider_status_is_mapped() {
    for (provider_status, status) in [
        ("pending", Status::Pending),
        ("expired", Status::Expired),
        ("sent", Status::Pending),
        ("cancelled", Status::Cancelled),
        ("timeout", Status::Pending),
        ("error", Status::Failed),
        ("ping", Status::Unknown),
        ("something_new", Status::Unknown),
        ("Processed", Status::Unknown),
    ] {
        let report = observed(&with("status", provider_status.into()));
        assert_eq!((report.status, report.provider_status.as_str()), (status, provider_status));
        assert!(report.status != Status::Completed);
    }
}

#[test]
fn errors_are_distinguished() {
    let error = |status: u16, code: &str| {
        read(status, json!({ "error": { "code": code, "message": "it says" } }))
    };
    assert!(matches!(error(400, "invalid_input"), Reading::Malformed(_)));
    assert!(matches!(error(401, "unauthorized"), Reading::Denied { .. }));
    assert!(matches!(error(403, "access_denied"), Reading::Denied { .. }));
    let text = "404 (not_found: it says)";
    assert!(matches!(error(404, "not_found"), Reading::NotFound(answer) if answer == text));
    assert!(matches!(error(409, "duplicate_entity"), Reading::Malformed(_)));
    for status in [408, 429, 500, 502, 503] {
        assert!(matches!(error(status, "later"), Reading::Busy { .. }), "{status}");
        assert!(matches!(read(status, "<html>"), Reading::Busy { .. }), "{status}");
    }
    assert!(matches!(read(404, "<html>"), Reading::Unusable(_)), "any web server says 404");
    for body in ["", "[]", "<html>"] {
        assert!(matches!(read(200, body), Reading::Unusable(_)), "{body}");
    }
    for body in ["{}", r#"{"data":null}"#, r#"{"data":[]}"#] {
        assert!(matches!(read(200, body), Reading::Malformed(_)), "{body}");
    }
    let other = json!({ "data": with("deploy_hash", OTHER.into()) });
    assert!(
        matches!(read(200, other), Reading::Malformed(text) if text.contains("another deploy"))
    );
    let upper = with("deploy_hash", ID.to_ascii_uppercase().into());
    assert_eq!(observed(&upper).status, Status::Completed);
}

#[test]
fn a_lookup_is_one_request() {
    let error = r#"{"error":{"code":"not_found","message":"deploy not found"}}"#;
    let known = json!({ "data": deploy() }).to_string();
    for (status, body) in [(200, known.as_str()), (200, "{}"), (404, error), (404, ""), (503, "")] {
        let answer = |_: usize, _: &Request| Response::new(status, body);
        let (requests, _) = look_up(&*cspr(&[]), ID, Timestamp::UNIX_EPOCH, answer);
        let expected = format!("GET https://api.cspr.cloud/deploys/{ID} (authorization: TOKEN)");
        assert_eq!(requests.iter().map(written).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_404_means_an_unknown_id_only_in_the_services_own_form() {
    let own = [
        r#"{"error":{"code":"not_found","message":"deploy not found"}}"#,
        r#"{"error":{"code":"not_found"}}"#,
    ];
    assert_404(&*cspr(&[]), ID, &own);
}

#[test]
fn retry_after_is_in_the_reading() {
    assert_busy_has_retry_after(&*cspr(&[]), ID);
}

#[test]
fn the_hosts_are_the_networks_unless_they_are_given() {
    let addresses = |settings: &[(&str, &str)]| {
        let cspr = cspr(settings);
        let id = Id::new(ID);
        let lookup = cspr.first_request(&id).unwrap();
        let stream = cspr.feeds(&[id])[0].0.request();
        assert_eq!((lookup.auth, stream.auth), (TOKEN, TOKEN));
        [lookup.url.to_string(), stream.url.to_string()]
    };
    for (network, host) in [("mainnet", "cspr.cloud"), ("testnet", "testnet.cspr.cloud")] {
        let [lookup, stream] = addresses(&[("network", network)]);
        assert_eq!(lookup, format!("https://api.{host}/deploys/{ID}"));
        assert_eq!(stream, format!("wss://streaming.{host}/deploys?deploy_hash={ID}"));
    }
    let own = [("url", "http://127.0.0.1:1/a"), ("push_url", "http://127.0.0.1:2/b")];
    let [lookup, stream] = addresses(&own);
    assert_eq!(lookup, format!("http://127.0.0.1:1/a/deploys/{ID}"));
    assert_eq!(stream, format!("ws://127.0.0.1:2/b/deploys?deploy_hash={ID}"));
}

#[test]
fn a_persistent_session_is_opt_in_and_a_header() {
    let headers =
        |values: &[(&str, &str)]| cspr(values).feeds(&[Id::new(ID)])[0].0.request().headers;
    assert_eq!(headers(&[]), []);
    let session = headers(&[("persistent_session", "ci-7")]);
    assert_eq!(session, [("persistent-session".into(), "ci-7".to_owned())]);
    let mut settings = Settings::default();
    settings.set("persistent_session", "a\r\nb");
    assert!(CsprCloud.build(&settings).is_err());
}

#[test]
fn all_targets_are_on_one_connection_with_a_filter_that_fits_a_url() {
    let ids: Vec<Id> = (0..95).map(|number| Id::new(&format!("{number:064x}"))).collect();
    let cspr = cspr(&[]);
    let mut feeds = cspr.feeds(&ids[..94]);
    assert_eq!(feeds.len(), 1);
    let all = ids[..94].iter().map(Id::as_str).collect::<Vec<_>>().join(",");
    assert_eq!(feeds[0].0.request().url.query(), Some(format!("deploy_hash={all}").as_str()));

    feeds = cspr.feeds(&ids);
    assert_eq!((feeds.len(), feeds[0].1.len()), (1, 95));
    assert_eq!(feeds[0].0.request().url.query(), None);
    feeds[0].0.forget(&ids[94]);
    assert_eq!(feeds[0].0.request().url.query(), Some(format!("deploy_hash={all}").as_str()));
    assert!(cspr.feeds(&[]).is_empty());
}

#[test]
fn events_are_filtered_and_pings_are_ignored() {
    let mut feed = feed(&[ID]);
    for _ in 0..2 {
        let upper = with("deploy_hash", ID.to_ascii_uppercase().into());
        for ours in [deploy(), upper] {
            let mut actions = receive(feed.as_mut(), &event(&ours));
            assert_eq!(actions.len(), 1, "{actions:?}");
            let (id, report) = reported(actions.remove(0));
            assert_eq!((id.as_str(), report.status), (ID, Status::Completed));
        }
    }
    let failed = event(&with("error_message", "Out of gas".into()));
    let mut actions = receive(feed.as_mut(), &failed);
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(reported(actions.remove(0)).1.status, Status::Failed);
    let ping = event(&with("status", "ping".into()));
    for quiet in ["Ping", "ping\n", &ping, &event(&with("deploy_hash", OTHER.into()))] {
        assert!(receive(feed.as_mut(), quiet).is_empty(), "{quiet}");
    }
    for malformed in ["", "Pong!", "{}", r#"{"data":{}}"#, r#"{"data":null}"#, &event(&json!([]))] {
        let actions = receive(feed.as_mut(), malformed);
        assert!(is_malformed(&actions), "{malformed}: {actions:?}");
    }
    let unclear = event(&with("status", Value::Null));
    let actions = receive(feed.as_mut(), &unclear);
    assert!(is_malformed_about(&actions), "{actions:?}");
    let actions = feed.received(Frame::Binary(b"Ping".to_vec()));
    assert!(is_malformed(&actions), "{actions:?}");
    feed.forget(&Id::new(ID));
    assert!(receive(feed.as_mut(), &event(&deploy())).is_empty());
}

proptest! {
    /// Arbitrary messages neither panic nor complete a transaction that has an error.
    #[test]
    fn no_sequence_of_frames_breaks_a_feed(frames in proptest::collection::vec(frame(), 0..40)) {
        let mut feed = feed(&[ID]);
        for frame in &frames {
            for action in receive(feed.as_mut(), frame) {
                if let FeedAction::Signal(FeedSignal::Observed(id, report)) = action {
                    prop_assert_eq!(id.as_str(), ID);
                    prop_assert!(report.status != Status::Completed || report.transaction.error.is_none());
                }
            }
        }
    }
}

/// A good event, a good one cut short or with bytes replaced, or anything.
fn frame() -> impl Strategy<Value = String> {
    let good = proptest::sample::select(vec![
        event(&deploy()),
        event(&with("error_message", "Out of gas".into())),
        event(&with("deploy_hash", OTHER.into())),
        "Ping".to_owned(),
    ]);
    let cut = (good.clone(), any::<proptest::sample::Index>())
        .prop_map(|(text, at)| text[..at.index(text.len())].to_owned());
    let mangled = (good.clone(), any::<proptest::sample::Index>(), "[\\x20-\\x7e]").prop_map(
        |(mut text, at, byte)| {
            let at = at.index(text.len());
            text.replace_range(at..=at, &byte);
            text
        },
    );
    prop_oneof![good, cut, mangled, any::<String>()]
}
