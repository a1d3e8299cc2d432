//! The one classification of HTTP status codes.

/// What an HTTP status code means for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusClass {
    /// 2xx.
    Success,
    /// 401 and 403: the credential was not accepted.
    Denied,
    /// 404.
    NotFound,
    /// 408, 425, 429 and 5xx: worth a retry.
    Busy,
    /// Any other: the peer does not serve this request.
    Other,
}

impl StatusClass {
    /// The class of a status code.
    pub fn of(status: u16) -> Self {
        match status {
            200..=299 => StatusClass::Success,
            401 | 403 => StatusClass::Denied,
            404 => StatusClass::NotFound,
            408 | 425 | 429 | 500..=599 => StatusClass::Busy,
            _ => StatusClass::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_class() {
        for (status, class) in [
            (200, StatusClass::Success),
            (204, StatusClass::Success),
            (302, StatusClass::Other),
            (400, StatusClass::Other),
            (401, StatusClass::Denied),
            (403, StatusClass::Denied),
            (404, StatusClass::NotFound),
            (408, StatusClass::Busy),
            (410, StatusClass::Other),
            (425, StatusClass::Busy),
            (429, StatusClass::Busy),
            (500, StatusClass::Busy),
            (599, StatusClass::Busy),
            (600, StatusClass::Other),
        ] {
            assert_eq!(StatusClass::of(status), class, "{status}");
        }
    }
}
