//! The address of IXP Manager's `sflow-db-mapper` and a key in, what it answers out.

use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

/// What an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The largest that is read: a station takes some 25 bytes.
const LARGEST: u64 = 16 << 20;

/// Asks once.
///
/// # Errors
/// Why there is no answer. The key is not in it.
pub fn ask(url: &str, key: Option<&str>) -> Result<String, String> {
    let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).user_agent("ixp-agent");
    // An IXP Manager that wants a key sends who has none to its page for people.
    let agent: Agent =
        config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false).build().into();
    let mut request = agent.get(url).header("accept", "application/json");
    if let Some(key) = key {
        request = request.header("x-ixp-manager-api-key", key);
    }
    let mut answer = request.call().map_err(|error| error.to_string())?;
    match answer.status() {
        StatusCode::OK => {
            let body = answer.body_mut().with_config().limit(LARGEST);
            body.read_to_string().map_err(|error| error.to_string())
        }
        status if status.is_redirection() => {
            let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            let to = to.split('?').next().unwrap_or_default();
            Err(format!(
                "it answers {status}, to {to}: {}",
                hint(key, "write the address that answers itself as vlis")
            ))
        }
        status if matches!(status.as_u16(), 401 | 403) => Err(format!(
            "it answers {status}: {}",
            hint(key, "it does not take the key of vlis_key_file in [rrd]")
        )),
        status => Err(format!("it answers {status}")),
    }
}

/// What to do, with a key and without.
fn hint(key: Option<&str>, with: &'static str) -> &'static str {
    match key {
        Some(_) => with,
        None => "it wants a key of its API; name a file that has one as vlis_key_file in [rrd]",
    }
}
