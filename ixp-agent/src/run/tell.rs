//! News in, told out: a line in the journal, the stream, the webhook.

use std::fs;
use std::sync::Arc;

use ixp_common::counters::{Counts, PairKey};
use tokio::sync::broadcast;
use tracing::{error, info, warn};

use super::Error;
use super::history::Outlet;
use crate::events::webhook::Webhook;
use crate::events::{Event, Incident, Losses, News, Severity};
use crate::matrix::Closed;
use crate::members::Asn;
use crate::policy;
use crate::store::{Counted, Told};

/// Where news go.
pub(super) struct Outlets {
    pub(super) stream: broadcast::Sender<News>,
    pub(super) webhook: Option<Webhook>,
    /// Where closed steps go, if they are kept.
    pub(super) history: Option<Outlet>,
}

impl Outlets {
    /// Hands closed steps, and the keys of pairs that were met, over to the store.
    pub(super) fn keep(&self, closed: Option<(Vec<Closed<Counts>>, Vec<PairKey>)>) {
        if let (Some(history), Some((closed, keys))) = (&self.history, closed) {
            history.tell(Told::Exact(Counted { closed, keys }));
        }
    }

    /// Tells everybody.
    pub(super) fn tell(&self, news: Vec<News>) {
        for news in news {
            match &news {
                News::Event(event) => log_event(event),
                News::Incident(incident) => log_incident(incident),
            }
            if let Some(webhook) = &self.webhook {
                webhook.offer(&news);
            }
            // Without a reader there is nobody to tell.
            let _unread = self.stream.send(news);
        }
    }
}

/// Starts the way to the webhook, if one is configured.
///
/// # Errors
/// [`Error::Webhook`], [`Error::Start`].
pub(super) fn webhook(
    configured: Option<&policy::Webhook>,
    losses: &Arc<Losses>,
) -> Result<Option<Webhook>, Error> {
    let url = match configured {
        None => return Ok(None),
        Some(policy::Webhook::Url(url)) => url.clone(),
        Some(policy::Webhook::File(path)) => {
            let wrong = |reason| Error::Webhook { path: path.clone(), reason };
            let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
            let url = text.trim();
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return Err(wrong(
                    "it holds no address; write one line, as https://example.net/hook".to_owned(),
                ));
            }
            url.to_owned()
        }
    };
    let started = Webhook::start(url, Arc::clone(losses));
    started.map(Some).map_err(|source| Error::Start { what: "the webhook", source })
}

fn log_event(event: &Event) {
    let Event { id, rule, outcome, suppressed, summary, .. } = event;
    let (rule, outcome, vlan) = (rule.name(), outcome.name(), event.station.vlan().get());
    let (mac, asn) = (event.station.mac(), event.asn.map(|Asn(number)| number));
    let interface = event.interface.as_deref();
    match event.severity {
        Severity::Critical => {
            error!(event = id, rule, vlan, %mac, asn, interface, outcome, suppressed, "{summary}");
        }
        Severity::Warning => {
            warn!(event = id, rule, vlan, %mac, asn, interface, outcome, suppressed, "{summary}");
        }
        Severity::Notice => {
            info!(event = id, rule, vlan, %mac, asn, interface, outcome, suppressed, "{summary}");
        }
    }
}

fn log_incident(incident: &Incident) {
    let Incident { id, kind, rule, summary, .. } = incident;
    let (kind, rule, vlan) = (kind.name(), rule.name(), incident.vlan.get());
    let stations = incident.culprits.len();
    match (incident.end, incident.severity) {
        (Some(end), _) => info!(incident = id, kind, rule, vlan, stations, %end, "over: {summary}"),
        (None, Severity::Critical) => error!(incident = id, kind, rule, vlan, stations, "{summary}"),
        (None, Severity::Warning) => warn!(incident = id, kind, rule, vlan, stations, "{summary}"),
        (None, Severity::Notice) => info!(incident = id, kind, rule, vlan, stations, "{summary}"),
    }
}
