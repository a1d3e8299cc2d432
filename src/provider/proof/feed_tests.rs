//! Both forms of the WebSocket.

use super::*;

#[test]
fn the_current_form_has_a_connection_each_and_the_older_one_for_all() {
    let ids = [Id::new("a"), Id::new("b")];
    assert_eq!(proof(&[]).feeds(&ids).len(), 2);
    let older =
        proof(&[("dialect", "user_id"), ("user_id", "u 1"), ("push_url", "wss://push.example")]);
    let (mut feed, served) = older.feeds(&ids).remove(0);
    assert_eq!(feed.request().url.as_str(), "wss://push.example/ws?user_id=u+1");
    assert_eq!(feed.request().auth, Auth::query("token"));
    assert_eq!(served, ids);
    assert!(is_live_with(&feed.opened(), &ids));
}

#[test]
fn the_older_form_needs_its_user() {
    let mut settings = Settings::default();
    settings.set("url", "https://proof.example");
    settings.set("dialect", "user_id");
    assert!(Proof.build(&settings).err().unwrap().contains("user_id"));
}

#[test]
fn messages_about_other_transactions_are_ignored_on_a_shared_connection_only() {
    let other = UPDATE.replace(ID, "another");
    assert!(is_malformed(&pushed(&[], &other)));
    let older = [("dialect", "user_id"), ("user_id", "user-123")];
    assert!(pushed(&older, &other).is_empty());
    // On a shared connection a message without an id cannot be attributed.
    assert!(is_malformed(&pushed(&older, r#"{"event":"tx.update","status":"completed"}"#)));
    // On a connection of one's own the id is an echo.
    let report = pushed_report(&[], r#"{"event":"tx.update","status":"paid"}"#);
    assert_eq!(report.status, Status::Processing);
}

#[test]
fn messages_about_a_forgotten_id_are_ignored() {
    let older = proof(&[("dialect", "user_id"), ("user_id", "user-123")]);
    let (mut feed, _) = older.feeds(&[Id::new(ID), Id::new("b")]).remove(0);
    feed.forget(&Id::new(ID));
    assert!(feed.received(Frame::Text(UPDATE.to_owned())).is_empty());
}

#[test]
fn the_event_decides_nothing_but_whether_it_is_an_update() {
    assert!(pushed(&[], r#"{"event":"tx.completed","status":"completed"}"#).is_empty());
    assert!(pushed(&[], r#"{"event":7,"status":"completed"}"#).is_empty());
    assert!(pushed(&[], r#"{"status":"completed"}"#).is_empty());
}

/// Whether these actions are a warning about a message, and that the followed id has to be looked up.
fn is_malformed_and_looked_up(actions: &[FeedAction]) -> bool {
    let [warning, FeedAction::Signal(FeedSignal::Changed(Some(ids)))] = actions else {
        return false;
    };
    is_malformed(std::slice::from_ref(warning)) && *ids == [Id::new(ID)]
}

#[test]
fn a_message_about_a_followed_id_that_cannot_be_understood_leads_to_a_lookup() {
    let older = [("dialect", "user_id"), ("user_id", "user-123")];
    let twice = UPDATE.replace(r#""type""#, r#""status":"failed","type""#);
    let other_twice = UPDATE.replace(r#""type""#, r#""merchant_transaction_id":"other","type""#);
    let without_status = UPDATE.replace(r#""status": "completed","#, "");
    let status_null = UPDATE.replace(r#""status": "completed""#, r#""status": null"#);
    let cut = &UPDATE[..UPDATE.len() - 3];
    for text in [&twice, &other_twice, &without_status, &status_null, cut] {
        for settings in [&[][..], &older] {
            let actions = pushed(settings, text);
            assert!(is_malformed_and_looked_up(&actions), "{text}: {actions:?}");
        }
    }
    // Every message on a connection of its own is about the id; on a shared one only if it has the id in it.
    for text in
        ["<html>", "{", "", r#"{"event":"tx.update","status":"failed","status":"completed"}"#]
    {
        assert!(is_malformed_and_looked_up(&pushed(&[], text)), "{text}");
        assert!(is_malformed(&pushed(&older, text)), "{text}");
    }
    let forgotten = UPDATE.replace(ID, "another");
    assert!(is_malformed(&pushed(
        &older,
        &forgotten.replace(r#""type""#, r#""status":"failed","type""#)
    )));
}
