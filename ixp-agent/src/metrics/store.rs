//! What is kept of the past.

use crate::live::Live;

use super::Page;

impl Page {
    pub(super) fn store(&self, live: &Live) -> Result<(), prometheus::Error> {
        let Some(kept) = live.kept else { return Ok(()) };
        let bytes = usize::try_from(kept.bytes).unwrap_or(usize::MAX);
        self.set("ixp_store_segments", "Files of rows in the store.", kept.segments)?;
        self.set("ixp_store_bytes", "Bytes of the files of the store.", bytes)?;
        self.set("ixp_store_waiting_intervals", "Intervals that wait to be written.", kept.waiting)?;
        self.set(
            "ixp_store_sum_up_failed",
            "1 if what is kept was not summed up the last time.",
            usize::from(kept.is_failing),
        )?;
        let lost = "Intervals that waited too long to be written, and are lost.";
        let lost = self.counter("ixp_store_lost_intervals_total", lost, &[])?;
        lost.with_label_values::<&str>(&[]).inc_by(kept.lost);
        Ok(())
    }
}
