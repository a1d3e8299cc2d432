//! Proof's WebSocket, in its current and its older form.

use serde_json::Value;

use super::record::{DECIDING, StatusMapping, read_report, transaction_id};
use crate::provider::{Feed, FeedAction, Id, Report, json};
use crate::wire::{Frame, Request};

/// A WebSocket on which only the server sends; `tx.update` is the only documented event.
pub(super) struct ProofFeed {
    status_mapping: StatusMapping,
    request: Request,
    ids: Vec<Id>,
    /// Whether the connection also carries other transactions.
    is_shared: bool,
}

impl ProofFeed {
    /// A connection for one transaction.
    pub(super) fn for_transaction(request: Request, id: Id, status_mapping: StatusMapping) -> Self {
        ProofFeed { status_mapping, request, ids: vec![id], is_shared: false }
    }

    /// A connection for all transactions of a user, of which only these are followed.
    pub(super) fn for_user(request: Request, ids: Vec<Id>, status_mapping: StatusMapping) -> Self {
        ProofFeed { status_mapping, request, ids, is_shared: true }
    }

    fn find(&self, id: Option<&str>) -> Option<Id> {
        match id {
            Some(id) => self.ids.iter().find(|known| known.as_str() == id).cloned(),
            // On a connection for one transaction the id may be missing.
            None if !self.is_shared => self.ids.first().cloned(),
            None => None,
        }
    }

    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, String> {
        let object = json::object(text.as_bytes(), DECIDING)?;
        if object.get("event").and_then(Value::as_str) != Some("tx.update") {
            return Ok(None);
        }
        let echo = transaction_id(&object)?;
        match self.find(echo.as_deref()) {
            Some(id) => Ok(Some((id, read_report(object, self.status_mapping)?))),
            None if self.is_shared && echo.is_some() => Ok(None),
            None => Err("it is about another transaction".to_owned()),
        }
    }
}

impl Feed for ProofFeed {
    fn request(&self) -> Request {
        self.request.clone()
    }

    fn opened(&mut self) -> Vec<FeedAction> {
        FeedAction::live_with(self.ids.clone())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let read = match frame {
            Frame::Text(text) => self.read(&text),
            other => Err(format!("it is {}", other.kind())),
        };
        FeedAction::from_message("a message", read)
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.retain(|known| known != id);
        Vec::new()
    }
}
