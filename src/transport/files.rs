//! The limit of open files: a socket is one.

/// Open files that are kept for other uses than push connections: standard streams, requests, DNS, a token
/// command. Where the limit is below twice this, half of it is kept.
const RESERVED_FILES: usize = 100;
/// At least that many are kept, so that requests do not starve: those of the runtime, and 8 lookups at a time.
const MIN_RESERVED_FILES: usize = 32;

/// How many of this many connections can be open at once, where each takes `files_each` files. Raises the soft
/// limit up to the hard limit if needed.
pub(super) fn capacity(connections: usize, files_each: usize) -> usize {
    let wanted = connections * files_each + RESERVED_FILES;
    // Where the limit cannot be read, none is assumed.
    let allowed = rlimit::increase_nofile_limit(wanted as u64).unwrap_or(u64::MAX);
    let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
    connections.min(left_for_connections(allowed) / files_each)
}

fn left_for_connections(allowed: usize) -> usize {
    allowed.saturating_sub(RESERVED_FILES.min(allowed / 2).max(MIN_RESERVED_FILES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_always_have_files() {
        let left = [5, 16, 32, 50, 64, 100, 200, 1024].map(left_for_connections);
        assert_eq!(left, [0, 0, 0, 18, 32, 50, 100, 924]);
    }
}
