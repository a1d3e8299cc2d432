//! Proof's WebSocket, in its current and its older form.

use serde_json::Value;

use super::record::{DECIDING, StatusMapping, read_report, transaction_id};
use crate::provider::{Feed, FeedAction, FeedSignal, Id, Report, json};
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
            Some(id) => self.ids.iter().find(|known| known.is(id)).cloned(),
            // On a connection for one transaction the id may be missing.
            None if !self.is_shared => self.ids.first().cloned(),
            None => None,
        }
    }

    /// What a message reports, or why it is ignored.
    fn read(&self, text: &str) -> Result<Option<(Id, Report)>, Ignored> {
        let object = json::object(text.as_bytes(), DECIDING)
            .map_err(|problem| Ignored { ids: self.ids_in(text), problem: problem.to_string() })?;
        if object.get("event").and_then(Value::as_str) != Some("tx.update") {
            return Ok(None);
        }
        let ignored = |problem: String| Ignored { ids: self.ids_in(text), problem };
        let echo = transaction_id(&object).map_err(ignored)?;
        match self.find(echo.as_deref()) {
            Some(id) => match read_report(object, self.status_mapping) {
                Ok(report) => Ok(Some((id, report))),
                Err(problem) => Err(Ignored { ids: vec![id], problem }),
            },
            None if self.is_shared && echo.is_some() => Ok(None),
            None => Err(Ignored {
                ids: Vec::new(),
                problem: "it is about another transaction".to_owned(),
            }),
        }
    }

    /// The ids that a message may be about which cannot be understood.
    fn ids_in(&self, text: &str) -> Vec<Id> {
        let text = text.to_ascii_lowercase();
        let may_be_about =
            |id: &&Id| !self.is_shared || text.contains(&id.as_str().to_ascii_lowercase());
        self.ids.iter().filter(may_be_about).cloned().collect()
    }
}

/// A message that was ignored.
struct Ignored {
    problem: String,
    /// The ids that it may have been about, which have to be looked up.
    ids: Vec<Id>,
}

impl Feed for ProofFeed {
    fn request(&self) -> Request {
        self.request.clone()
    }

    fn opened(&mut self) -> Vec<FeedAction> {
        FeedAction::live_with(self.ids.clone())
    }

    fn received(&mut self, frame: Frame) -> Vec<FeedAction> {
        let no_text = |problem| Ignored { problem, ids: Vec::new() };
        match frame.into_text().map_err(no_text).and_then(|text| self.read(&text)) {
            Ok(Some((id, report))) => vec![FeedAction::observed(id, report)],
            Ok(None) => Vec::new(),
            Err(Ignored { problem, ids }) => {
                let changed = FeedAction::Signal(FeedSignal::Changed(Some(ids.clone())));
                let changed = (!ids.is_empty()).then_some(changed);
                let warning = FeedAction::malformed("a message", &problem);
                [warning].into_iter().chain(changed).collect()
            }
        }
    }

    fn forget(&mut self, id: &Id) -> Vec<FeedAction> {
        self.ids.retain(|known| known != id);
        Vec::new()
    }
}
