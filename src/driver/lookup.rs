//! Makes the requests of a lookup until it is done.

use jiff::Timestamp;

use crate::provider::{Id, Listed, Listing, ListingStep, Provider, Reading, Step};
use crate::transport::{Error, Network};
use crate::wire::{Response, StatusClass, Token};

/// A limit for lookups that never end; no provider needs as many requests.
const MAX_REQUESTS: usize = 64;

/// The outcome of a lookup.
pub(super) struct LookedUp {
    /// How many requests were made.
    pub(super) requests: u32,
    /// A reading for each id, in their order, or why a request failed.
    pub(super) result: Result<Vec<Reading>, Error>,
}

/// Looks these ids up. `now` is this machine's wall clock.
pub(super) async fn look_up(
    provider: &dyn Provider,
    network: &impl Network,
    token: &Token,
    ids: &[Id],
    now: Timestamp,
) -> LookedUp {
    let mut requests = 0;
    let result = make_requests(provider, network, token, ids, now, &mut requests).await;
    LookedUp { requests, result }
}

async fn make_requests(
    provider: &dyn Provider,
    network: &impl Network,
    token: &Token,
    ids: &[Id],
    now: Timestamp,
    requests: &mut u32,
) -> Result<Vec<Reading>, Error> {
    let mut lookup = provider.lookup(ids);
    for _ in 0..MAX_REQUESTS {
        let Some(request) = lookup.next(now) else {
            break;
        };
        *requests += 1;
        let response = network.fetch(&request, token).await?;
        if let Some(reading) = unreadable(&response) {
            return Ok(vec![reading; ids.len()]);
        }
        if let Step::Done(mut readings) = lookup.received(&response) {
            // Without a reading an id would never be looked up again.
            readings.resize_with(ids.len(), no_result);
            return Ok(readings);
        }
    }
    Ok(ids.iter().map(|_| no_result()).collect())
}

/// The outcome of a listing.
pub(super) struct ListedOrders {
    /// How many requests were made.
    pub(super) requests: u32,
    /// What was listed or answered instead, or why a request failed.
    pub(super) result: Result<Result<Listed, Reading>, Error>,
}

/// Lists the orders of an account. `now` is this machine's wall clock.
pub(super) async fn list(
    mut listing: Box<dyn Listing>,
    network: &impl Network,
    token: &Token,
    now: Timestamp,
) -> ListedOrders {
    let mut requests = 0;
    while requests < MAX_REQUESTS as u32
        && let Some(request) = listing.next(now)
    {
        requests += 1;
        let response = match network.fetch(&request, token).await {
            Ok(response) => response,
            Err(error) => return ListedOrders { requests, result: Err(error) },
        };
        let step = match unreadable(&response) {
            Some(reading) => ListingStep::Done(Err(reading)),
            None => listing.received(&response),
        };
        if let ListingStep::Done(listed) = step {
            return ListedOrders { requests, result: Ok(listed) };
        }
    }
    ListedOrders { requests, result: Ok(Err(no_result())) }
}

/// The reading of a successful response that is compressed although it was asked not to be. A status that is an error
/// says enough by itself.
fn unreadable(response: &Response) -> Option<Reading> {
    let encoding =
        response.encoding.as_ref().filter(|_| response.class() == StatusClass::Success)?;
    Some(Reading::Unusable(format!("its answer: {encoding}")))
}

/// The reading of a lookup of one id.
pub(super) fn only(readings: Vec<Reading>) -> Reading {
    readings.into_iter().next().unwrap_or_else(no_result)
}

fn no_result() -> Reading {
    Reading::Malformed("its answers led to nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::provider::{Feed, Lookup, Pace, Spec};
    use crate::transport::Stream;
    use crate::wire::{Auth, Encoding, Request};

    /// Requests `/0`, `/1` and so on, and returns these steps for the responses.
    struct Scripted {
        spec: Arc<Spec>,
        steps: Mutex<VecDeque<Step>>,
    }

    struct ScriptedLookup {
        steps: VecDeque<Step>,
        requests: usize,
    }

    fn provider(steps: impl IntoIterator<Item = Step>) -> Scripted {
        let every = Duration::from_secs(5);
        let spec = Spec {
            name: "scripted".into(),
            title: "Scripted".to_owned(),
            settings: Vec::new(),
            pace: Pace { interval: every, safety_interval: every, quotas: Vec::new() },
            personal: [].into(),
            id_shape: "anything".to_owned(),
            expiry: "",
            ids_per_lookup: 3,
            push_name: "scripted",
            has_account_feed: false,
            probe_id: Id::new("nobody"),
        };
        Scripted { spec: Arc::new(spec), steps: Mutex::new(steps.into_iter().collect()) }
    }

    impl Provider for Scripted {
        fn spec(&self) -> &Arc<Spec> {
            &self.spec
        }

        fn lookup(&self, _ids: &[Id]) -> Box<dyn Lookup> {
            let steps = std::mem::take(&mut *self.steps.lock().unwrap());
            Box::new(ScriptedLookup { steps, requests: 0 })
        }

        fn feeds(&self, _ids: &[Id]) -> Vec<(Box<dyn Feed>, Vec<Id>)> {
            Vec::new()
        }
    }

    impl Lookup for ScriptedLookup {
        fn next(&mut self, _now: Timestamp) -> Option<Request> {
            if self.steps.is_empty() {
                return None;
            }
            let url = format!("https://scripted.example/{}", self.requests).parse().unwrap();
            self.requests += 1;
            Some(Request::get(url, Auth::Bearer))
        }

        fn received(&mut self, response: &Response) -> Step {
            assert_eq!(response.body, format!("/{}", self.requests - 1).into_bytes());
            self.steps.pop_front().unwrap()
        }
    }

    /// Answers this many requests with their paths; later ones fail.
    #[derive(Clone)]
    struct Echo {
        requests: Arc<Mutex<usize>>,
        answered: usize,
        encoded: Option<(u16, &'static str)>,
    }

    impl Network for Echo {
        type Connection = Stream;

        async fn fetch(&self, request: &Request, _token: &Token) -> Result<Response, Error> {
            let mut requests = self.requests.lock().unwrap();
            *requests += 1;
            if *requests > self.answered {
                return Err(Error::closed(None, "enough"));
            }
            let response = Response::new(200, request.url.path());
            Ok(match self.encoded {
                Some((status, name)) => {
                    Response { status, encoding: Some(Encoding(name.to_owned())), ..response }
                }
                None => response,
            })
        }

        async fn open(&self, _request: &Request, _token: &Token) -> Result<Stream, Error> {
            Err(Error::closed(None, "nothing is pushed here"))
        }
    }

    /// Looks two ids up with these steps. Returns the texts of the readings, and the number of requests.
    async fn lookup(
        steps: impl IntoIterator<Item = Step>,
        answered: usize,
    ) -> (Result<Vec<String>, String>, usize) {
        let network = Echo { requests: Arc::default(), answered, encoded: None };
        let ids = ["a", "b"].map(Id::new);
        let (provider, token) = (provider(steps), Token::default());
        let looked_up = look_up(&provider, &network, &token, &ids, Timestamp::UNIX_EPOCH).await;
        let LookedUp { requests, result: found } = looked_up;
        assert_eq!(requests as usize, *network.requests.lock().unwrap());
        let words = |reading: Reading| match reading {
            Reading::NotFound(word) | Reading::Malformed(word) => word,
            other => panic!("{other:?}"),
        };
        let found = found.map(|readings| readings.into_iter().map(words).collect());
        (found.map_err(|error| error.to_string()), *network.requests.lock().unwrap())
    }

    fn done(words: &[&str]) -> Step {
        Step::Done(words.iter().map(|word| Reading::NotFound((*word).to_owned())).collect())
    }

    fn found(words: [&str; 2]) -> Result<Vec<String>, String> {
        Ok(words.map(str::to_owned).into())
    }

    #[tokio::test]
    async fn requests_are_made_until_the_lookup_is_done() {
        let steps = [Step::Ask, Step::Ask, done(&["1", "2"]), Step::Ask];
        assert_eq!(lookup(steps, 9).await, (found(["1", "2"]), 3));
    }

    #[tokio::test]
    async fn a_request_that_fails_ends_the_lookup() {
        let steps = [Step::Ask, Step::Ask, done(&["1", "2"])];
        let (found, requests) = lookup(steps, 1).await;
        assert!(found.unwrap_err().contains("enough"));
        assert_eq!(requests, 2);
    }

    #[tokio::test]
    async fn a_compressed_answer_says_nothing_but_a_compressed_error_has_its_status() {
        let ids = ["a", "b"].map(Id::new);
        for (status, is_read) in [(200, false), (204, false), (401, true), (404, true), (503, true)]
        {
            let network =
                Echo { requests: Arc::default(), answered: 1, encoded: Some((status, "br")) };
            let (provider, token) = (provider([done(&["1", "2"])]), Token::default());
            let found = look_up(&provider, &network, &token, &ids, Timestamp::UNIX_EPOCH).await;
            for reading in found.result.unwrap() {
                match reading {
                    Reading::NotFound(_) => assert!(is_read, "{status}"),
                    Reading::Unusable(text) => assert!(!is_read && text.contains("(br)"), "{text}"),
                    other => panic!("{status}: {other:?}"),
                }
            }
        }
    }

    /// Asks `/0`, `/1` and so on, and is done after so many responses.
    struct ScriptedListing(usize, usize);

    impl Listing for ScriptedListing {
        fn next(&mut self, _now: Timestamp) -> Option<Request> {
            self.1 += 1;
            let url = format!("https://scripted.example/{}", self.1 - 1).parse().unwrap();
            Some(Request::get(url, Auth::Bearer))
        }

        fn received(&mut self, response: &Response) -> ListingStep {
            assert_eq!(response.body, format!("/{}", self.1 - 1).into_bytes());
            if self.1 < self.0 {
                ListingStep::Ask
            } else {
                ListingStep::Done(Ok(Listed::default()))
            }
        }
    }

    #[tokio::test]
    async fn a_listing_makes_requests_until_it_is_done_or_one_fails() {
        let br = Some((200, "br"));
        for (length, answered, encoded, expected, requests) in [
            (3, 9, None, "listed", 3),
            (3, 2, None, "failed", 3),
            (3, 9, br, "unusable", 1),
            (usize::MAX, usize::MAX, None, "malformed", 64),
        ] {
            let network = Echo { requests: Arc::default(), answered, encoded };
            let listing = Box::new(ScriptedListing(length, 0));
            let listed = list(listing, &network, &Token::default(), Timestamp::UNIX_EPOCH).await;
            let found = match listed.result {
                Ok(Ok(_)) => "listed",
                Ok(Err(Reading::Unusable(_))) => "unusable",
                Ok(Err(Reading::Malformed(_))) => "malformed",
                Err(_) => "failed",
                other => panic!("{other:?}"),
            };
            assert_eq!((found, listed.requests), (expected, requests));
        }
    }

    /// Otherwise the target would be in flight forever.
    #[tokio::test]
    async fn every_id_has_a_reading_whatever_the_provider_returns() {
        let nothing = "its answers led to nothing";
        assert_eq!(lookup([Step::Ask], 9).await, (found([nothing, nothing]), 1));
        assert_eq!(lookup([done(&["1"])], 9).await, (found(["1", nothing]), 1));
        assert_eq!(lookup([done(&["1", "2", "3"])], 9).await, (found(["1", "2"]), 1));
    }
}
