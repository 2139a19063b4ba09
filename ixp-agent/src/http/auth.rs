//! Lets in who shows the token, where one is asked for.

use std::hint::black_box;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::problem::Problem;

/// Probes of a supervisor tell nothing, so they need no token.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

pub(super) async fn check(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let Some(token) = api.token.as_deref() else {
        return next.run(request).await;
    };
    let shown = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
    let shown = shown.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    if OPEN.contains(&request.uri().path()) || is_same(shown, token.as_bytes()) {
        return next.run(request).await;
    }
    Problem::unauthorized("send the token as `Authorization: Bearer TOKEN`").into_response()
}

/// Takes as long for a wrong token as for the right one, whatever byte differs.
fn is_same(shown: &[u8], token: &[u8]) -> bool {
    let differing = shown.iter().zip(token).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
    shown.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(is_same(b"secret", b"secret"));
        for wrong in [&b""[..], b"secre", b"secrets", b"Secret"] {
            assert!(!is_same(wrong, b"secret"));
        }
    }
}
