//! Proof's WebSocket, in both of its forms.

use serde_json::Value;

use super::record::{Words, echoed_id, report};
use crate::provider::{Feed, FeedAction, Id, Report, json};
use crate::wire::{Frame, Request};

/// The WebSocket. Nothing is ever sent on it; `tx.update` is the only documented event.
pub(super) struct ProofFeed {
    words: Words,
    request: Request,
    ids: Vec<Id>,
    /// Whether the connection also carries transactions that are not ours.
    shared: bool,
}

impl ProofFeed {
    /// A connection for one transaction.
    pub(super) fn of_one(request: Request, id: Id, words: Words) -> Self {
        ProofFeed { words, request, ids: vec![id], shared: false }
    }

    /// A connection for everything of one user, of which these ids are followed.
    pub(super) fn of_user(request: Request, ids: Vec<Id>, words: Words) -> Self {
        ProofFeed { words, request, ids, shared: true }
    }

    fn find(&self, id: Option<&str>) -> Option<Id> {
        match id {
            Some(id) => self.ids.iter().find(|known| known.as_str() == id).cloned(),
            // The connection is for one transaction; the id in its messages is an echo.
            None if !self.shared => self.ids.first().cloned(),
            None => None,
        }
    }

    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, String> {
        let object = json::object(text.as_bytes())?;
        if object.get("event").and_then(Value::as_str) != Some("tx.update") {
            return Ok(None);
        }
        let echo = echoed_id(&object)?;
        match self.find(echo.as_deref()) {
            Some(id) => Ok(Some((id, report(object, self.words)?))),
            None if self.shared && echo.is_some() => Ok(None),
            None => Err("it is about another transaction".to_owned()),
        }
    }
}

impl Feed for ProofFeed {
    fn request(&self) -> Request {
        self.request.clone()
    }

    /// The subscription is in the URL, and the upgrade has accepted it.
    fn opened(&mut self) -> Vec<FeedAction> {
        FeedAction::live_with(self.ids.clone())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let read = match frame {
            Frame::Text(text) => self.read(&text),
            other => Err(format!("it is {}", other.kind())),
        };
        FeedAction::of_message("a message", read)
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.retain(|known| known != id);
        Vec::new()
    }
}
