//! What there is of history at any moment: a question in, its answer out, with what turned out to be damaged left out.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tracing::warn;

use super::catalog::Catalog;
use super::place::Segment;
use super::{Error, look, recover, segment};

/// What there is to read, at any moment.
#[derive(Debug, Clone)]
pub struct Shelf {
    catalog: Arc<RwLock<Arc<Catalog>>>,
    root: Arc<Path>,
    /// Whose folder it is.
    owner: Owner,
    /// Held by who moves files.
    moving: Arc<Mutex<()>>,
    /// Says when nobody waits for an answer any more.
    unwanted: Option<Arc<AtomicBool>>,
}

/// Whose folder it is that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This process's, which has a [`Store`](super::Store) there.
    This,
    /// Another's: nothing in it is changed, and it may change meanwhile.
    Other,
}

impl Shelf {
    pub(super) fn new(root: &Path, catalog: Catalog, owner: Owner) -> Self {
        let catalog = Arc::new(RwLock::new(Arc::new(catalog)));
        Self { catalog, root: Arc::from(root), owner, moving: Arc::default(), unwanted: None }
    }

    /// What there is in a folder that is another's, whether it is written at this moment or not. Nothing there is changed.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Restless`], [`Error::Ends`], [`Error::Io`].
    pub fn look(root: &Path) -> Result<Self, Error> {
        Ok(Self::new(root, look::look(root)?, Owner::Other))
    }

    /// The same, for somebody who may go away: then answers end with [`segment::Error::Unwanted`].
    #[must_use]
    pub fn while_wanted(&self, unwanted: &Arc<AtomicBool>) -> Self {
        Self { unwanted: Some(Arc::clone(unwanted)), ..self.clone() }
    }

    /// Asks of what there is. A segment that turns out to be damaged is put aside, or left out where nothing may be changed,
    /// and the rest is asked.
    ///
    /// # Errors
    /// [`Error::Segment`] for what is no damage, [`Error::Io`] if it cannot be put aside, [`Error::Restless`].
    pub fn ask<T>(&self, question: impl Fn(&Catalog) -> Result<T, segment::Error>) -> Result<T, Error> {
        let mut looks = 0;
        loop {
            let unwanted = self.unwanted.clone();
            let catalog = Catalog { unwanted, ..Catalog::clone(&self.now()) };
            let error = match question(&catalog) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if self.owner == Owner::Other && error.is_gone() {
                looks += 1;
                if looks == look::LOOKS {
                    return Err(Error::Restless { path: self.root.to_path_buf() });
                }
                let there = look::look(&self.root)?;
                self.change(|catalog| *catalog = there);
                continue;
            }
            let segment::Error::Checksum { path, .. } = &error else {
                return Err(error.into());
            };
            let is_it = |segment: &&Arc<Segment>| segment.path().as_path() == Path::new(path);
            let Some(damaged) = catalog.all().find(is_it).cloned() else {
                // Another has put it aside meanwhile, or it has moved.
                continue;
            };
            self.put_aside(&damaged, &error)?;
        }
    }

    /// Puts a segment aside that is damaged, and what is not to be told without it; where nothing may be changed it is left out.
    pub(super) fn put_aside(&self, damaged: &Arc<Segment>, damage: &segment::Error) -> Result<(), Error> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if !now.has_segment(damaged) {
            // Another has put it aside meanwhile.
            return Ok(());
        }
        let akin = now.akin(damaged);
        let (step, others) = (damaged.kin.step.name(), akin.len() - 1);
        let what = format!("{damage}; it and {others} files of its time");
        match self.owner {
            Owner::This => {
                // What was observed comes first: without it nothing is told. The damaged one comes last: if not all is done, it is
                // found again.
                for segment in &akin {
                    recover::put_aside(&self.root, segment)?;
                }
                let to = damaged.path();
                warn!("{what} were put aside as {}, and in steps of {step} that is a gap", to.display());
            }
            Owner::Other => warn!("{what} are left out, and in steps of {step} that is a gap"),
        }
        self.change(|catalog| akin.iter().for_each(|segment| catalog.leave_out(segment)));
        Ok(())
    }

    /// Moves a segment of a part to its last place, unless it was put aside meanwhile.
    pub(super) fn publish(&self, segment: &Arc<Segment>) -> Result<(), Error> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if self.now().has_segment(segment) {
            segment.publish(&self.root).map_err(Error::io(&segment.path()))?;
            self.change(|catalog| catalog.published(segment));
        }
        Ok(())
    }

    /// What there is at this moment. It stays there as long as it is held.
    #[must_use]
    pub fn now(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what there is, at once for all who ask from then on.
    pub(super) fn change(&self, change: impl FnOnce(&mut Catalog)) {
        let mut shelf = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = Catalog::clone(&shelf);
        change(&mut catalog);
        // What nobody has any more goes when others may read again.
        let before = std::mem::replace(&mut *shelf, Arc::new(catalog));
        drop(shelf);
        drop(before);
    }
}
