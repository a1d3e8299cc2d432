//! A provider that nobody has: the smallest there can be, whose whole cost is this folder and one row.
//!
//! Its documentation: `GET {url}/v1/status?ids=a,b,c` tells of up to three transactions at once, with the token
//! as a Bearer. It answers `{"transactions": [{"id", "state", "changed", "amount", "currency", "payer"}]}`, in
//! any order and without those that it does not know; errors are `{"error": text}`. It pushes nothing.

pub(super) mod double;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Map, Value};
use txwatch::provider::{
    Definition, Feed, HTTP, Id, Lookup, Pace, Provider, Reading, Report, Secret, Setting,
    SettingKind, Settings, Spec, Status, Step, Transaction, json,
};
use txwatch::wire::{Auth, BaseUrl, Request, Response, StatusClass};

/// The toy's row of the registry.
pub(super) struct Toy;

static SPEC: LazyLock<Arc<Spec>> = LazyLock::new(|| {
    Arc::new(Spec {
        name: "toy".into(),
        title: "Toy".to_owned(),
        settings: vec![
            Setting::required("url", SettingKind::Url(HTTP), "base of /v1/status"),
            Setting::required("token", SettingKind::Secret(Secret::Token), "the token, a secret"),
        ],
        personal: ["payer".to_owned()].into(),
        pace: Pace {
            interval: Duration::from_secs(5),
            safety_interval: Duration::from_secs(60),
            quotas: Vec::new(),
        },
        id_shape: "1 to 40 letters, digits or -".to_owned(),
        expiry: "Never.",
        ids_per_lookup: 3,
        push_name: "push",
        has_account_feed: false,
        probe_id: Id::new("nobody"),
    })
});

impl Definition for Toy {
    fn spec(&self) -> Arc<Spec> {
        SPEC.clone()
    }

    /// The toy writes them in lower case.
    fn parse_id(&self, text: &str) -> Result<Id, String> {
        const LONGEST: usize = 40;
        if let Some(strange) = text.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            return Err(format!("it has '{}' in it", strange.escape_debug()));
        }
        match text.len() {
            0 => Err("it is empty".to_owned()),
            1..=LONGEST => Ok(Id::new(&text.to_ascii_lowercase())),
            length => Err(format!("it is {length} characters long, more than {LONGEST}")),
        }
    }

    fn build(&self, settings: &Settings) -> Result<Arc<dyn Provider>, String> {
        let base = settings.base("url", HTTP)?.ok_or("url is missing")?;
        Ok(Arc::new(Client(base)))
    }
}

/// The toy behind its address.
struct Client(BaseUrl);

impl Provider for Client {
    fn spec(&self) -> &Arc<Spec> {
        &SPEC
    }

    fn lookup(&self, ids: &[Id]) -> Box<dyn Lookup> {
        let mut url = self.0.join(&["v1", "status"]);
        let list: Vec<_> = ids.iter().map(Id::as_str).collect();
        url.set_query(Some(&format!("ids={}", list.join(","))));
        let request = Some(Request::get(url, Auth::Bearer));
        Box::new(StatusLookup { ids: ids.to_vec(), request })
    }

    fn feeds(&self, _ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
        Vec::new()
    }
}

/// One request for all the ids.
struct StatusLookup {
    ids: Vec<Id>,
    request: Option<Request>,
}

impl Lookup for StatusLookup {
    fn next(&mut self, _now: jiff::Timestamp) -> Option<Request> {
        self.request.take()
    }

    fn received(&mut self, response: &Response) -> Step {
        let rows = match response.class() {
            StatusClass::Success => {
                match json::object(&response.body, &["transactions", "id", "state"]) {
                    Ok(body) => rows(body)
                        .map_err(|problem| Reading::Malformed(format!("its answer: {problem}"))),
                    Err(unreadable) => Err(unreadable.into()),
                }
            }
            _ => {
                let error = json::error_body(response, |body| json::texts(body, &["error"]));
                Err(Reading::from_error(response, error.text, error.is_json))
            }
        };
        let read = |id| match &rows {
            Ok(rows) => read(id, rows),
            Err(reading) => reading.clone(),
        };
        Step::Done(self.ids.iter().map(read).collect())
    }
}

fn rows(mut body: Map<String, Value>) -> Result<Vec<Map<String, Value>>, String> {
    let Some(Value::Array(rows)) = body.remove("transactions") else {
        return Err("it has no list of transactions".to_owned());
    };
    let row = |row| match row {
        Value::Object(row) => Ok(row),
        other => Err(format!("one of its transactions is {}", json::type_name(&other))),
    };
    rows.into_iter().map(row).collect()
}

fn read(id: &Id, rows: &[Map<String, Value>]) -> Reading {
    let mut mine = rows.iter().filter(|row| row.get("id").is_some_and(|it| it == id.as_str()));
    match (mine.next(), mine.next()) {
        (Some(row), None) => match report(row) {
            Ok(report) => Reading::Observed(Box::new(report)),
            Err(problem) => Reading::Malformed(format!("its answer: {problem}")),
        },
        (Some(_), Some(_)) => Reading::Malformed("it tells of the transaction twice".to_owned()),
        (None, _) => Reading::NotFound("it is not in the list".to_owned()),
    }
}

fn report(row: &Map<String, Value>) -> Result<Report, String> {
    let state = json::text(row, "state").ok_or("it has no state")?;
    let changed = json::text(row, "changed");
    Ok(Report {
        occurred_at: changed.as_deref().and_then(|time| time.parse().ok()),
        transaction: Transaction {
            fiat_amount: json::text(row, "amount"),
            fiat_currency: json::text(row, "currency"),
            updated_at: changed,
            ..Transaction::default()
        },
        data: Some(Value::Object(row.clone())),
        ..Report::new(status(&state), state)
    })
}

fn status(state: &str) -> Status {
    match state {
        "waiting" => Status::Pending,
        "working" => Status::Processing,
        "held" => Status::OnHold,
        "done" => Status::Completed,
        "broken" => Status::Failed,
        "revoked" => Status::Cancelled,
        "late" => Status::Expired,
        "returned" => Status::Refunded,
        _ => Status::Unknown,
    }
}
