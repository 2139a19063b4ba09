//! Raw values with their spans in, checked values out; an error is kept for each that is none.

use std::ops::Range;

use toml::Spanned;

use super::{Notice, Place, Source};

/// Checks the values of a text, and gathers what is wrong with them.
#[derive(Debug)]
pub struct Reader<'s> {
    source: &'s Source<'s>,
    /// What is wrong so far.
    pub errors: Vec<Notice>,
}

impl<'s> Reader<'s> {
    /// A reader of a text of which this is known to be wrong.
    #[must_use]
    pub fn new(source: &'s Source<'s>, errors: Vec<Notice>) -> Self {
        Self { source, errors }
    }

    /// Notes that something is wrong at a span.
    pub fn error(&mut self, span: &Range<usize>, text: String) {
        self.errors.push(self.source.notice(span, text));
    }

    /// The checked value of a key; none if it is not written or is wrong.
    pub fn checked<T, R>(
        &mut self,
        raw: Option<&Spanned<R>>,
        check: impl FnOnce(&R) -> Result<T, String>,
    ) -> Option<T> {
        let raw = raw?;
        match check(raw.get_ref()) {
            Ok(value) => Some(value),
            Err(text) => {
                self.error(&raw.span(), text);
                None
            }
        }
    }

    /// The line that a span begins on.
    #[must_use]
    pub fn place(&self, span: &Range<usize>) -> Place {
        self.source.place(span)
    }

    /// The errors in order of the text.
    ///
    /// # Errors
    /// If there are any.
    pub fn finish(mut self) -> Result<(), Vec<Notice>> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort();
        self.errors.dedup();
        Err(self.errors)
    }
}
