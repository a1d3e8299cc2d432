//! Transak's wire format, as its documentation shows it: orders, the answers of its REST API, and the events
//! of its channels. What Pusher itself says is in [`pusher`](super::pusher).

use serde_json::{Value, json};

/// An order as Transak tells of it. Times are RFC 3339, amounts the digits of JSON numbers.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Transak's own id.
    pub id: &'a str,
    /// What the partner calls the order, if it has given it a name.
    pub reference: Option<&'a str>,
    /// The status in Transak's own word.
    pub status: &'a str,
    /// The price, in EUR.
    pub fiat_amount: &'a str,
    /// What was paid so far, in EUR.
    pub amount_paid: &'a str,
    /// What is delivered, in ETH.
    pub crypto_amount: &'a str,
    /// When the order was made.
    pub created_at: &'a str,
    /// When it got its status.
    pub updated_at: &'a str,
    /// The hash of the delivery, once the order is completed.
    pub delivery: Option<&'a str>,
    /// The statuses that it had, oldest first.
    pub history: &'a [Passed<'a>],
    /// Whose order it is.
    pub person: Person<'a>,
}

/// A status that an order had or has.
#[derive(Clone, Copy, Debug)]
pub struct Passed<'a> {
    /// The status in Transak's own word.
    pub status: &'a str,
    /// When the order got it.
    pub at: &'a str,
    /// The event that told of it.
    pub event: &'a str,
}

/// The personal data of an order.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// The user's IP address.
    pub ip_address: &'a str,
    /// The address to which the crypto is delivered.
    pub wallet: &'a str,
    /// A page about that address.
    pub wallet_link: &'a str,
    /// What the user was told about a status.
    pub message: &'a str,
}

impl Default for Order<'_> {
    fn default() -> Self {
        Order {
            id: "aa39d8e1-1111-4222-8333-44444444ce7f",
            reference: None,
            status: "AWAITING_PAYMENT_FROM_USER",
            fiat_amount: "30",
            amount_paid: "0",
            // JSON numbers whose digits a client has to keep, like the price below.
            crypto_amount: "0.01759347",
            created_at: "2026-04-01T10:00:00.000Z",
            updated_at: "2026-04-01T10:00:00.000Z",
            delivery: None,
            history: &[],
            person: Person::default(),
        }
    }
}

impl Default for Person<'_> {
    fn default() -> Self {
        Person {
            user_id: "rehearsal-user",
            ip_address: "192.0.2.1",
            wallet: "0xREHEARSAL-WALLET",
            wallet_link: "https://explorer.invalid/address/0xREHEARSAL-WALLET",
            message: "told to the rehearsing user",
        }
    }
}

/// An order in an event.
pub fn order(order: &Order<'_>) -> Value {
    with_id("id", order)
}

/// An order in a REST response, where its id has another name.
pub fn record(order: &Order<'_>) -> Value {
    with_id("_id", order)
}

fn with_id(key: &str, order: &Order<'_>) -> Value {
    let person = order.person;
    let mut value = json!({
        (key): order.id,
        "walletAddress": person.wallet,
        "createdAt": order.created_at,
        "status": order.status,
        "fiatCurrency": "EUR",
        "userId": person.user_id,
        "cryptoCurrency": "ETH",
        "isBuyOrSell": "BUY",
        "fiatAmount": number(order.fiat_amount),
        "ipAddress": person.ip_address,
        "amountPaid": number(order.amount_paid),
        "paymentOptionId": "sepa_bank_transfer",
        "walletLink": person.wallet_link,
        "quoteId": "rehearsal-quote",
        "orderProcessingType": "NORMAL",
        "addressAdditionalData": false,
        "network": "ethereum",
        "conversionPrice": number("0.0006130127560164107"),
        "cryptoAmount": number(order.crypto_amount),
        "totalFeeInFiat": number("1.3"),
        "fiatAmountInUsd": number("33.05"),
        "countryCode": "XX",
        "partnerOrderId": order.reference,
        "stateCode": "Rehearsal",
        "orderChannelType": "WIDGET",
        "userKycType": "STANDARD",
        "updatedAt": order.updated_at,
        "cardPaymentData": {},
        "conversionPriceData": {},
        "partnerFeeInLocalCurrency": number("0.3"),
        "statusHistories": order.history.iter().map(|it| passed(it, person)).collect::<Vec<_>>(),
    });
    if let Some(hash) = order.delivery {
        value["completedAt"] = order.updated_at.into();
        value["transactionHash"] = hash.into();
    }
    value
}

fn passed(passed: &Passed<'_>, person: Person<'_>) -> Value {
    json!({
        "status": passed.status,
        "createdAt": passed.at,
        "message": person.message,
        "isEmailSentToUser": false,
        "partnerEventId": passed.event,
    })
}

/// A number with just these digits.
fn number(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap_or_default()
}

/// The body of a REST response about one order, which is a [`record`].
pub fn found(order: Value) -> Value {
    json!({ "meta": { "orderId": order["_id"] }, "data": order })
}

/// What a list of orders was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The statuses that are listed; all if it is empty.
    pub statuses: &'a [String],
    /// `BUY`, `SELL`, `STREAM`.
    pub products: &'a [String],
    /// The only reference whose orders are listed.
    pub reference: Option<&'a str>,
    /// How many orders are left out at the beginning.
    pub skip: usize,
    /// How many are listed at most.
    pub limit: usize,
}

/// The body of a REST response that lists orders: the page that the query asks for of all [`record`]s that
/// fit it, newest first. The filter is echoed.
pub fn list(query: &Query<'_>, orders: Vec<Value>) -> Value {
    let mut filter = json!({ "productsAvailed": query.products });
    match query.statuses {
        [] => {}
        [status] => filter["status"] = status.as_str().into(),
        statuses => filter["status"] = statuses.into(),
    }
    if let Some(reference) = query.reference {
        filter["partnerOrderId"] = reference.into();
    }
    let meta = json!({
        "filter": filter,
        "sortOrder": "desc",
        "limit": query.limit,
        "skip": query.skip,
        "totalCount": orders.len(),
    });
    let page: Vec<Value> = orders.into_iter().skip(query.skip).take(query.limit).collect();
    json!({ "meta": meta, "data": page })
}

/// The body of an error. The name of a status is HTTP's.
pub fn error(status: u16, name: &str, message: &str) -> Value {
    json!({ "error": { "statusCode": status, "name": name, "message": message } })
}

/// The body of the response that issues an access token; the time is in seconds since 1970.
pub fn access_token(token: &str, expires_at: i64) -> Value {
    json!({ "data": { "accessToken": token, "expiresAt": expires_at } })
}

/// What is signed and published on the channel of all orders: the claims of a JSON Web Token.
pub fn claims(order: &Value, event: &str) -> Value {
    json!({ "webhookData": order, "eventID": event })
}

/// The channel on which an order is published under the partner's reference. Under its own id the channel is
/// the id, and the channel of all orders is the API key.
pub fn partner_channel(api_key: &str, reference: &str) -> String {
    format!("{api_key}_{reference}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let text = order(&Order::default()).to_string();
        assert!(text.contains("\"conversionPrice\":0.0006130127560164107,"), "{text}");
        assert!(text.contains("\"cryptoAmount\":0.01759347,"), "{text}");
    }
}
