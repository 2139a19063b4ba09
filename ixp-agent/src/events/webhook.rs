//! News in, POSTs of JSON out: in order, from a bounded queue, by a thread of its own that nobody waits for.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use tracing::{debug, warn};
use ureq::Agent;

use super::dto::NewsDto;
use super::{Losses, News, Severity};

/// News that wait; more are lost, and counted.
const QUEUE: usize = 1000;
/// What one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Before the second attempt.
const FIRST_DELAY: Duration = Duration::from_secs(1);
/// Before any other at most.
const LAST_DELAY: Duration = Duration::from_secs(300);
/// How long the end of the agent waits for what is under way.
const FAREWELL: Duration = Duration::from_secs(2);

/// The way to one URL.
#[derive(Debug)]
pub struct Webhook {
    queue: SyncSender<String>,
    /// Its end tells the thread to stop.
    stop: mpsc::Sender<()>,
    done: Receiver<()>,
    losses: Arc<Losses>,
}

/// What the thread works with.
struct Sender {
    agent: Agent,
    url: String,
    queue: Receiver<String>,
    stopped: Receiver<()>,
    losses: Arc<Losses>,
}

impl Webhook {
    /// Starts the thread that posts to `url`. What does not arrive is counted in `losses`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(url: String, losses: Arc<Losses>) -> io::Result<Self> {
        let (queue, queued) = mpsc::sync_channel(QUEUE);
        let (stop, stopped) = mpsc::channel();
        let (finished, done) = mpsc::channel::<()>();
        let agent = Agent::new_with_config(
            Agent::config_builder().timeout_global(Some(TIMEOUT)).user_agent("ixp-agent").build(),
        );
        let sender = Sender { agent, url, queue: queued, stopped, losses: Arc::clone(&losses) };
        thread::Builder::new().name("webhook".to_owned()).spawn(move || {
            sender.run();
            drop(finished);
        })?;
        Ok(Self { queue, stop, done, losses })
    }

    /// Hands over what somebody should act on; never waits.
    pub fn offer(&self, news: &News) {
        let severity = match news {
            News::Event(event) => event.severity,
            News::Incident(incident) => incident.severity,
        };
        if severity < Severity::Warning {
            return;
        }
        let is_queued =
            serde_json::to_string(&NewsDto::from(news)).is_ok_and(|body| self.queue.try_send(body).is_ok());
        if !is_queued {
            self.losses.webhook.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the thread. One attempt that is under way may end, within two seconds.
    pub fn finish(self) {
        let Self { queue, stop, done, losses: _ } = self;
        drop((queue, stop));
        if done.recv_timeout(FAREWELL) == Err(RecvTimeoutError::Timeout) {
            warn!("the webhook did not answer; what was under way is lost");
        }
    }
}

impl Sender {
    fn run(self) {
        while let Ok(body) = self.queue.recv() {
            if !self.deliver(&body) {
                break;
            }
        }
        let left = u64::try_from(self.queue.try_iter().count()).unwrap_or(u64::MAX);
        self.losses.webhook.fetch_add(left, Ordering::Relaxed);
    }

    /// Tries until it arrives or is refused; `false` if the agent ends before.
    fn deliver(&self, body: &str) -> bool {
        for attempt in 0.. {
            match self.post(body) {
                Ok(()) => return true,
                Err(Refusal::Final(reason)) => {
                    self.losses.webhook.fetch_add(1, Ordering::Relaxed);
                    warn!(%reason, "the webhook refuses an event");
                    return true;
                }
                Err(Refusal::Passing(reason)) if attempt == 0 => {
                    warn!(%reason, "the webhook cannot be reached; tried again");
                }
                Err(Refusal::Passing(reason)) => debug!(%reason, attempt, "the webhook cannot be reached"),
            }
            let wait = delay(attempt, RandomState::new().hash_one(attempt));
            if self.stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                self.losses.webhook.fetch_add(1, Ordering::Relaxed);
                return false;
            }
        }
        false
    }

    fn post(&self, body: &str) -> Result<(), Refusal> {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        match request.send(body) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::of(&error)),
        }
    }
}

/// Why an attempt failed. Never has the URL, which may hold a secret.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// Another attempt would fail, too.
    Final(String),
    /// Another may not.
    Passing(String),
}

impl Refusal {
    fn of(error: &ureq::Error) -> Self {
        match error {
            // RFC 9110 §15.5: the request is at fault; but for 408 and 429, which pass.
            ureq::Error::StatusCode(code @ 400..=499) if !matches!(code, 408 | 429) => {
                Self::Final(format!("status {code}"))
            }
            ureq::Error::BadUri(_) => Self::Final("not a URL".to_owned()),
            ureq::Error::StatusCode(code) => Self::Passing(format!("status {code}")),
            ureq::Error::Timeout(_) => Self::Passing("no answer in time".to_owned()),
            ureq::Error::Io(error) => Self::Passing(error.to_string()),
            ureq::Error::HostNotFound => Self::Passing("host not found".to_owned()),
            _ => Self::Passing("the request failed".to_owned()),
        }
    }
}

/// How long to wait after the attempt of a number: twice as long each time, and somewhere in its upper
/// half, so that many agents do not come back at once.
fn delay(attempt: u32, random: u64) -> Duration {
    let full = FIRST_DELAY.saturating_mul(2u32.saturating_pow(attempt)).min(LAST_DELAY);
    let half = full / 2;
    let jitter = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(random % jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Events;
    use crate::events::tests::{breach, registry};
    use ixp_common::rules::Rule;
    use proptest::prelude::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    fn news(rule: Rule) -> News {
        let mut events = Events::default();
        events.breach(&breach(rule, 3, 1), &registry());
        events.take_news().remove(0)
    }

    /// Answers one connection; gives what was posted.
    fn served(listener: &TcpListener, answer: &str) -> String {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut text = String::new();
        let mut bytes = [0; 4096];
        while !text.ends_with('}') {
            let read = stream.read(&mut bytes).expect("readable");
            text += std::str::from_utf8(&bytes[..read]).expect("UTF-8");
        }
        write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .expect("writable");
        text
    }

    #[test]
    fn warnings_arrive_as_json_and_notices_are_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let losses = Arc::new(Losses::default());
        let webhook = Webhook::start(url, Arc::clone(&losses)).expect("it starts");
        webhook.offer(&news(Rule::N10));
        webhook.offer(&news(Rule::N01));
        let posted = served(&listener, "200 OK");
        assert!(posted.starts_with("POST /hook HTTP/1.1\r\n"), "{posted}");
        let (_, body) = posted.split_once("\r\n\r\n").expect("a body");
        let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!((&json["type"], &json["rule"]), (&"event".into(), &"N01".into()));
        webhook.finish();
        assert_eq!(losses.read().1, 0);
    }

    #[test]
    fn what_is_refused_is_counted_and_the_next_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let losses = Arc::new(Losses::default());
        let webhook = Webhook::start(url, Arc::clone(&losses)).expect("it starts");
        webhook.offer(&news(Rule::N01));
        webhook.offer(&news(Rule::N02));
        served(&listener, "400 Bad Request");
        assert!(served(&listener, "204 No Content").contains("N02"));
        webhook.finish();
        assert_eq!(losses.read().1, 1);
    }

    #[test]
    fn a_dead_webhook_holds_up_nobody_and_loses_what_it_has() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        drop(listener);
        let losses = Arc::new(Losses::default());
        let webhook = Webhook::start(url, Arc::clone(&losses)).expect("it starts");
        let news = news(Rule::N01);
        for _ in 0..QUEUE + 200 {
            webhook.offer(&news);
        }
        webhook.finish();
        assert_eq!(losses.read().1, QUEUE as u64 + 200);
    }

    proptest! {
        #[test]
        fn a_delay_grows_to_five_minutes_and_no_further(attempt in 0u32..2000, random in any::<u64>()) {
            let full = Duration::from_secs(1u64 << attempt.min(20)).min(LAST_DELAY);
            let delay = delay(attempt, random);
            prop_assert!(full / 2 <= delay && delay < full, "{:?}", delay);
        }
    }
}
