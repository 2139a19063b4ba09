//! Where what is known of the past comes from: a running agent, or the folder that one keeps it in.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::progress::Progress;
use super::{Error, Server, written};
use crate::http::alone::{Unanswered, answer, time};
use crate::snapshot::Source;
use crate::store::{Catalog, Shelf};

/// The time that a folder is asked of where an agent would answer of what it has in memory.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Who is asked.
#[derive(Debug, Args)]
pub struct Place {
    #[command(flatten)]
    server: Server,
    /// Ask no agent, but the history in this folder: that of [store], also while an agent writes there, or a copy
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["url", "token_file"])]
    store: Option<PathBuf>,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question<'q> {
    /// Whom an agent asks for it.
    pub(super) path: &'q str,
    /// Its parameters, by their names.
    pub(super) words: Vec<(&'static str, Option<&'q str>)>,
    /// Whether an agent answers of what it has in memory if it is not said from when on.
    pub(super) is_of_memory: bool,
}

impl Place {
    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.store.is_some()
    }

    /// Writes the answer as it comes.
    pub(super) fn copy(
        &self,
        question: Question<'_>,
        clock: fn() -> Timestamp,
        out: &mut impl Write,
    ) -> Result<(), Error> {
        match &self.store {
            None => self.server.copy(question.path, &question.words, out),
            Some(folder) => read(folder, question, clock, out),
        }
    }
}

fn read(
    folder: &Path,
    Question { path, mut words, is_of_memory }: Question<'_>,
    clock: fn() -> Timestamp,
    out: &mut impl Write,
) -> Result<(), Error> {
    let shelf = Shelf::look(folder)?;
    let now = clock();
    let usual = Usual::of(&shelf.now(), now);
    let is_said = |words: &[(&str, Option<&str>)], name| {
        words.iter().any(|(word, text)| *word == name && text.is_some())
    };
    words.retain(|(_, text)| text.is_some());
    if !is_said(&words, "source") {
        words.push(("source", Some(usual.source.name())));
    }
    let to = words.iter().find_map(|(name, text)| text.filter(|_| *name == "to")).map(str::to_owned);
    let to = to.unwrap_or_else(|| usual.to.to_string());
    // Of an end that is none the answer says so.
    let from = time(&to, now).and_then(|to| to.checked_sub(DAY).ok()).unwrap_or(usual.to).to_string();
    if !is_said(&words, "from") {
        if !is_said(&words, "to") {
            words.push(("to", Some(&to)));
        }
        if is_of_memory {
            words.push(("from", Some(&from)));
        }
    }
    let (mut progress, mut is_begun) = (Progress::new(), false);
    let answered = answer(shelf, clock, &format!("{path}{}", written(&words)), |piece| {
        is_begun = true;
        out.write_all(piece)?;
        progress.more(piece);
        Ok(())
    });
    progress.end();
    match answered {
        Ok(()) => Ok(out.flush()?),
        Err(Unanswered::Untaken(error)) => Err(error.into()),
        Err(Unanswered::Refused(status, reason)) => {
            Err(Error::History { folder: folder.to_owned(), is_refused: status < 500, reason })
        }
        Err(Unanswered::Failed(reason)) => {
            let reason =
                if is_begun { format!("{reason}. What was written is a part alone") } else { reason };
            Err(Error::History { folder: folder.to_owned(), is_refused: false, reason })
        }
    }
}

/// What is asked for if it is not said.
struct Usual {
    source: Source,
    to: Timestamp,
}

impl Usual {
    /// A copy may end long before now.
    fn of(catalog: &Catalog, now: Timestamp) -> Self {
        let end = catalog.end().and_then(|end| Timestamp::from_millisecond(end).ok());
        let to = end.map_or(now, |end| end.min(now));
        let source = if catalog.has(Source::Exact) { Source::Exact } else { Source::Sampled };
        Self { source, to }
    }
}
