//! `GET /api/v1/events/stream`: events and incidents as they come, by server-sent events; who is too slow is
//! told how many it lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use super::Api;
use super::events::Filter;
use super::problem::Problem;
use crate::events::dto::{EventDto, IncidentDto};
use crate::events::{Losses, News};

/// The query as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    rule: Option<String>,
    member: Option<String>,
}

/// One reader.
struct Reader {
    news: Receiver<News>,
    stopped: watch::Receiver<()>,
    filter: Filter,
    losses: Arc<Losses>,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let filter = Filter::check(raw.rule.as_deref(), raw.member.as_deref())?;
    let place = Arc::clone(&api.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::unavailable("as many read the stream as may; try again later"))?;
    let reader = Reader {
        news: api.news.subscribe(),
        stopped: api.stopped.clone(),
        filter,
        losses: Arc::clone(&api.live().losses),
        _place: place,
    };
    let events = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<Event, Infallible>(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

impl Reader {
    /// The next event that is asked for; `None` when the agent stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let news = tokio::select! {
                news = self.news.recv() => news,
                // Either a value or the sender's end: both say stop.
                _ = self.stopped.changed() => return None,
            };
            match news {
                Ok(news) if self.filter.admits(&news) => return Some(sent(&news)),
                Ok(_) => {}
                Err(RecvError::Lagged(lost)) => {
                    self.losses.stream.fetch_add(lost, Ordering::Relaxed);
                    return Some(Event::default().event("lost").data(format!("{{\"lost\":{lost}}}")));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn sent(news: &News) -> Event {
    let (name, id, json) = match news {
        News::Event(event) => ("event", event.id, serde_json::to_string(&EventDto::from(&**event))),
        News::Incident(incident) => {
            ("incident", incident.id, serde_json::to_string(&IncidentDto::from(&**incident)))
        }
    };
    Event::default().event(name).id(id.to_string()).data(json.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Events;
    use crate::events::tests::{breach, registry};
    use ixp_common::rules::Rule;
    use tokio::sync::{Semaphore, broadcast};

    fn reader(
        news: Receiver<News>,
        stopped: watch::Receiver<()>,
        losses: &Arc<Losses>,
        rule: Option<&str>,
    ) -> Reader {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
        let filter = Filter::check(rule, None).expect("sound");
        Reader { news, stopped, filter, losses: Arc::clone(losses), _place: place }
    }

    fn news(rules: &[Rule]) -> Vec<News> {
        let mut events = Events::default();
        for rule in rules {
            events.breach(&breach(*rule, 3, 1), &registry());
        }
        events.take_news()
    }

    #[tokio::test]
    async fn a_slow_reader_is_told_how_many_it_lost() {
        let (sender, receiver) = broadcast::channel(2);
        let (_stop, stopped) = watch::channel(());
        let losses = Arc::new(Losses::default());
        let mut reader = reader(receiver, stopped, &losses, None);
        for news in news(&[Rule::N01, Rule::N02, Rule::N03, Rule::N04, Rule::N05]) {
            sender.send(news).expect("a reader");
        }
        let first = format!("{:?}", reader.next().await.expect("open"));
        assert!(first.contains("lost") && first.contains('3'), "{first}");
        let second = format!("{:?}", reader.next().await.expect("open"));
        assert!(second.contains("N04"), "{second}");
        assert_eq!(losses.read(), (3, 0));
    }

    #[tokio::test]
    async fn a_reader_gets_what_it_asks_for_and_ends_with_the_agent() {
        let (sender, receiver) = broadcast::channel(9);
        let (stop, stopped) = watch::channel(());
        let losses = Arc::new(Losses::default());
        let mut reader = reader(receiver, stopped, &losses, Some("N03"));
        for news in news(&[Rule::N01, Rule::N02, Rule::N03]) {
            sender.send(news).expect("a reader");
        }
        let first = format!("{:?}", reader.next().await.expect("open"));
        assert!(first.contains("redirect"), "{first}");
        drop(stop);
        assert!(reader.next().await.is_none());
    }
}
