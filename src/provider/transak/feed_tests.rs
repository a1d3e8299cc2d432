//! The channels of orders, references and accounts.

use super::*;

/// A feed whose channels are subscribed.
fn feed(transak: &dyn Provider, ids: &[&str]) -> Box<dyn Feed> {
    let ids: Vec<Id> = ids.iter().map(|id| Id::new(id)).collect();
    let mut feed = transak.feeds(&ids).remove(0).0;
    feed.received(Frame::Text(HELLO.to_owned()));
    feed
}

/// The actions after an event, but for the subscription that the first event of a channel implies.
fn publish_all(feed: &mut dyn Feed, message: String) -> Vec<FeedAction> {
    let mut actions = feed.received(Frame::Text(message));
    let is_subscribed =
        |action: &FeedAction| matches!(action, FeedAction::Signal(FeedSignal::Subscribed(_)));
    actions.retain(|action| !is_subscribed(action));
    actions
}

/// The report or warning about an event.
fn publish(feed: &mut dyn Feed, channel: &str, data: &str) -> FeedAction {
    let text = json!({ "event": "ORDER_FAILED", "channel": channel, "data": data }).to_string();
    let mut actions = publish_all(feed, text);
    actions.retain(|action| !matches!(action, FeedAction::Signal(FeedSignal::Changed(_))));
    assert_eq!(actions.len(), 1, "{actions:?}");
    actions.remove(0)
}

/// The ids that are to be looked up.
fn changed(actions: &[FeedAction]) -> Vec<Option<Vec<String>>> {
    let ids = |ids: &Option<Vec<Id>>| {
        ids.as_ref().map(|ids| ids.iter().map(Id::to_string).collect::<Vec<_>>())
    };
    let changed = actions.iter().filter_map(|action| match action {
        FeedAction::Signal(FeedSignal::Changed(changed)) => Some(ids(changed)),
        _ => None,
    });
    changed.collect()
}

/// The id and the word of a report, or the warning.
fn outcome(action: FeedAction) -> Result<(String, String), String> {
    match action {
        FeedAction::Signal(FeedSignal::Observed(id, report)) => {
            Ok((id.to_string(), report.provider_status))
        }
        FeedAction::Signal(FeedSignal::Warning(Warning { message, .. })) => Err(message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_status_decides_and_never_the_event() {
    let transak = transak(&[]);
    let mut feed = feed(&*transak, &[ID]);
    // The event is called ORDER_FAILED in all of these.
    for provider_status in ["EXPIRED", "CANCELLED", "FAILED", "COMPLETED"] {
        let action = publish(feed.as_mut(), ID, &order(provider_status).to_string());
        assert_eq!(outcome(action).unwrap(), (ID.to_owned(), provider_status.to_owned()));
    }
}

#[test]
fn a_reference_is_followed_on_the_channel_of_the_api_key() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = feed(&*transak, &["partner/ref-7"]);
    let of = |id: &str, status: &str, created: &str| {
        json!({ "id": id, "status": status, "partnerOrderId": "ref-7", "createdAt": created })
            .to_string()
    };
    let (early, late) = ("2025-04-04T10:00:00.000Z", "2025-04-04T11:00:00.000Z");
    let id = "partner/ref-7".to_owned();
    let mut outcome_of = |data: String| outcome(publish(feed.as_mut(), "key-1_ref-7", &data));
    assert_eq!(outcome_of(of("1", "PROCESSING", early)), Ok((id.clone(), "PROCESSING".into())));
    assert_eq!(outcome_of(of("2", "PROCESSING", late)), Ok((id.clone(), "PROCESSING".into())));
    assert_eq!(outcome_of(of("2", "COMPLETED", late)), Ok((id, "COMPLETED".into())));
    let other = json!({ "id": "9", "status": "COMPLETED", "partnerOrderId": "ref-8" }).to_string();
    assert!(outcome_of(other).unwrap_err().contains("another reference"));
    // The attempt distinguishes the newest order from older ones.
    let expired = of("1", "EXPIRED", early);
    let (_, report) = reported(publish(feed.as_mut(), "key-1_ref-7", &expired));
    let created_at = Some(early.parse().unwrap());
    let attempt = Attempt { id: "1".to_owned(), created_at, others: Vec::new() };
    assert_eq!(report.attempt, Some(attempt));
}

#[test]
fn a_message_about_another_order_is_malformed() {
    let transak = transak(&[]);
    let mut feed = feed(&*transak, &[ID]);
    let other = json!({ "id": "another", "status": "COMPLETED" }).to_string();
    assert!(outcome(publish(feed.as_mut(), ID, &other)).unwrap_err().contains("another order"));
    for data in ["plain text", "7", "[]", "{}", r#"{"status":""}"#, r#"{"status":7}"#] {
        assert!(outcome(publish(feed.as_mut(), ID, data)).is_err(), "{data}");
    }
    let bare = json!({ "status": "COMPLETED" }).to_string();
    assert!(outcome(publish(feed.as_mut(), ID, &bare)).is_ok());
    assert!(testing::is_malformed(&feed.received(Frame::Binary(vec![0, 255]))));
}

#[test]
fn an_event_that_is_not_understood_has_its_id_looked_up() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = feed(&*transak, &[ID, "partner/ref-7"]);
    for (id, channel) in [(ID, ID), ("partner/ref-7", "key-1_ref-7")] {
        let order = r#"{"id":"1","status":"EXPIRED","status":"COMPLETED"}"#;
        let quoted = json!(order).to_string();
        let twice = json!(quoted).to_string();
        let signed = jwt::sign(&json!({ "id": ID, "status": "COMPLETED" }), b"foreign").unwrap();
        for data in [
            order.to_owned(),
            quoted,
            twice,
            json!(signed).to_string(),
            json!("plain text").to_string(),
            json!({ "status": "COMPLETED", "data": { "status": "EXPIRED" } }).to_string(),
            json!({ "id": "1", "_id": "2", "status": "COMPLETED" }).to_string(),
            json!({ "id": "other", "partnerOrderId": "other", "status": "COMPLETED" }).to_string(),
            json!({ "id": "1" }).to_string(),
        ] {
            let event = format!(r#"{{"event":"A","channel":"{channel}","data":{data}}}"#);
            let actions = publish_all(feed.as_mut(), event);
            assert!(testing::is_malformed(&actions[..1]), "{data}: {actions:?}");
            assert_eq!(changed(&actions), [Some(vec![id.to_owned()])], "{data}");
        }
        // The envelope itself.
        let event = format!(r#"{{"event":"A","channel":"{channel}","data":{order},"data":{{}}}}"#);
        let actions = publish_all(feed.as_mut(), event);
        assert_eq!(changed(&actions), [Some(vec![id.to_owned()])], "{actions:?}");
    }
    let event = format!(r#"{{"event":"A","channel":"{ID}","channel":"key-1_ref-7","data":{{}}}}"#);
    let actions = publish_all(feed.as_mut(), event);
    assert!(testing::is_malformed(&actions[..1]), "{actions:?}");
    assert_eq!(changed(&actions), [None], "{actions:?}");
    // What is about nobody is a warning, and no reason for a lookup.
    assert_eq!(changed(&publish_all(feed.as_mut(), "garbage".to_owned())), []);
}

#[test]
fn the_bad_ending_of_an_order_has_its_reference_looked_up() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = feed(&*transak, &[ID, "partner/ref-7"]);
    for (status, is_looked_up) in [("EXPIRED", true), ("REFUNDED", true), ("COMPLETED", false)] {
        let data = json!({ "id": ID, "partnerOrderId": "ref-7", "status": status });
        let event =
            |channel: &str| json!({ "event": "A", "channel": channel, "data": data }).to_string();
        let actions = publish_all(feed.as_mut(), event("key-1_ref-7"));
        let expected = is_looked_up.then(|| Some(vec!["partner/ref-7".to_owned()]));
        assert_eq!(changed(&actions), expected.into_iter().collect::<Vec<_>>());
        assert_eq!(changed(&publish_all(feed.as_mut(), event(ID))), []);
    }
}

#[test]
fn orders_are_unsigned_unless_they_are_signed() {
    let transak = transak(&[("api_key", "key-1")]);
    let order = order("COMPLETED");
    let signed = jwt::sign(&order, b"a-token").unwrap();
    let mut one = feed(&*transak, &[ID]);
    one.token(&Token::new("a-token".to_owned().into(), 0));
    assert!(reported(publish(one.as_mut(), ID, &order.to_string())).1.is_unsigned);
    assert!(!reported(publish(one.as_mut(), ID, &signed)).1.is_unsigned);
    let mut all = account(&*transak, &["a-token"]);
    assert!(!reported(publish(all.as_mut(), "key-1", &signed)).1.is_unsigned);
    let body = json!({ "data": order }).to_string();
    assert!(!observed(read(ID, 200, &body)).is_unsigned);
}

#[test]
fn claims_with_a_key_twice_are_not_understood() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = account(&*transak, &["ours"]);
    // {"id":"1","status":"EXPIRED","status":"COMPLETED"}, signed with "ours".
    let signed = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEiLCJzdGF0dXMiOiJFWFBJUkVEIiwic3RhdHVzIjoiQ09NUExFVEVEIn0.RjApPM0n7wQDPrdZPgmSDT1EQiA_23YRXW3k4gtJT0M";
    assert!(jwt::verify(signed, &[b"ours"]).is_ok());
    let problem = outcome(publish(feed.as_mut(), "key-1", signed)).unwrap_err();
    assert!(problem.contains("the key status twice"), "{problem}");
}

fn account(transak: &dyn Provider, tokens: &[&str]) -> Box<dyn Feed> {
    let mut feed = transak.account_feed().unwrap();
    for (generation, token) in (0..).zip(tokens) {
        feed.token(&Token::new((*token).to_owned().into(), generation));
    }
    feed.received(Frame::Text(HELLO.to_owned()));
    feed
}

#[test]
fn on_the_accounts_channel_only_signed_messages_are_accepted() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = account(&*transak, &["first-token", "second-token"]);
    let mut outcome_of = |data: &str| outcome(publish(feed.as_mut(), "key-1", data));
    let wrapped = json!({ "webhookData": order("COMPLETED"), "eventID": "ORDER_COMPLETED" });
    let expected = (ID.to_owned(), "COMPLETED".to_owned());
    for claims in [&wrapped, &order("COMPLETED")] {
        // The message may be signed with the previous token, and the text may be encoded as JSON.
        for secret in ["second-token", "first-token"] {
            let signed = jwt::sign(claims, secret.as_bytes()).unwrap();
            assert_eq!(outcome_of(&signed).as_ref(), Ok(&expected));
            assert_eq!(outcome_of(&format!("\"{signed}\"")).as_ref(), Ok(&expected));
        }
    }
    let foreign = jwt::sign(&wrapped, b"foreign").unwrap();
    assert!(outcome_of(&foreign).unwrap_err().contains("signature"));
    assert!(outcome_of(&wrapped.to_string()).unwrap_err().contains("not signed"));
    let none = "eyJhbGciOiJub25lIn0.eyJpZCI6IjEiLCJzdGF0dXMiOiJDT01QTEVURUQifQ.";
    assert!(outcome_of(none).is_err());
    let malformed =
        jwt::sign(&json!({ "id": "a b", "status": "COMPLETED" }), b"second-token").unwrap();
    assert!(outcome_of(&malformed).unwrap_err().contains("id"));
}

/// The one warning that has a code of its own: a token that was renewed elsewhere signs so.
#[test]
fn a_wrong_signature_is_distinguished_from_a_malformed_message() {
    let transak = transak(&[("api_key", "key-1")]);
    let foreign = jwt::sign(&order("COMPLETED"), b"foreign").unwrap();
    let changed = foreign.replacen("ey", "eX", 1);
    // {"alg":"HS512"} and {"alg":"none"}.
    let other = "eyJhbGciOiJIUzUxMiJ9.e30.AAAA";
    let none = "eyJhbGciOiJub25lIn0.e30.";
    let is_no_order = jwt::sign(&json!({ "id": ID }), b"ours-ours").unwrap();
    for (data, code, problem) in [
        (
            foreign.as_str(),
            WarningCode::BadSignature,
            "its signature is wrong: it was made with another access token",
        ),
        (other, WarningCode::MalformedMessage, "it is not signed with HS256"),
        (
            none,
            WarningCode::MalformedMessage,
            "its header or content is not what a token signed with HS256 has",
        ),
        (changed.as_str(), WarningCode::MalformedMessage, "it is not signed"),
        (is_no_order.as_str(), WarningCode::MalformedMessage, "it has no status"),
    ] {
        let mut feed = account(&*transak, &["ours-ours"]);
        let action = publish(feed.as_mut(), "key-1", data);
        let FeedAction::Signal(FeedSignal::Warning(warning)) = action else { panic!("{action:?}") };
        let message = format!("a message was ignored: {problem}");
        assert_eq!(warning, Warning::new(code, message), "{data}");
    }
    // Without a token the signature cannot be verified.
    let mut feed = account(&*transak, &[]);
    let action = publish(feed.as_mut(), "key-1", &foreign);
    let FeedAction::Signal(FeedSignal::Warning(warning)) = action else { panic!("{action:?}") };
    assert_eq!(warning.code, WarningCode::MalformedMessage);
    assert!(warning.message.contains("no access token"), "{}", warning.message);
}

#[test]
fn a_key_that_was_replaced_twice_is_forgotten() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = account(&*transak, &["one-token", "two-token", "three-token", "three-token"]);
    let signed = |secret: &str| jwt::sign(&order("FAILED"), secret.as_bytes()).unwrap();
    let mut outcome_of = |secret: &str| outcome(publish(feed.as_mut(), "key-1", &signed(secret)));
    assert!(outcome_of("three-token").is_ok() && outcome_of("two-token").is_ok());
    assert!(outcome_of("one-token").is_err());
}

#[test]
fn a_signed_message_on_an_orders_channel_needs_the_token_too() {
    let transak = transak(&[]);
    let mut feed = feed(&*transak, &[ID]);
    let signed = jwt::sign(&order("COMPLETED"), b"a-token").unwrap();
    assert!(outcome(publish(feed.as_mut(), ID, &signed)).unwrap_err().contains("no access token"));
    feed.token(&Token::new("a-token".to_owned().into(), 0));
    assert!(outcome(publish(feed.as_mut(), ID, &signed)).is_ok());
}

#[test]
fn a_settled_order_is_unsubscribed() {
    let transak = transak(&[("api_key", "key-1")]);
    let mut feed = feed(&*transak, &[ID, "partner/ref-7"]);
    for (id, channel) in [(ID, ID), ("partner/ref-7", "key-1_ref-7")] {
        match &feed.forget(&Id::new(id))[..] {
            [FeedAction::Send(text)] => {
                assert!(text.contains("pusher:unsubscribe") && text.contains(channel), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(feed.forget(&Id::new(ID)).is_empty());
}
