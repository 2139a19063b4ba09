//! The tables of claims and sessions in, who has which address and who speaks BGP to whom out.

use std::collections::BTreeMap;

use aya::Pod;
use aya::maps::{HashMap, Map, MapData, MapError};
use ixp_common::counters::{ClaimKey, Heard, SessionKey};
use ixp_common::names::{CLAIMS, CLAIMS_ROOM, SESSIONS, SESSIONS_ROOM};

use super::Error;

/// What stations say of themselves.
#[derive(Debug)]
pub struct Claims {
    claims: HashMap<MapData, ClaimKey, Heard>,
    sessions: HashMap<MapData, SessionKey, u64>,
}

impl Claims {
    /// Takes the maps.
    pub(super) fn new(claims: Map, sessions: Map) -> Result<Self, Error> {
        let claims = HashMap::try_from(claims).map_err(|error| Error::map("type", CLAIMS, error))?;
        let sessions = HashMap::try_from(sessions).map_err(|error| Error::map("type", SESSIONS, error))?;
        Ok(Self { claims, sessions })
    }

    /// Reads who claims which address, and when it was heard.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn claims(&self) -> Result<BTreeMap<ClaimKey, Heard>, Error> {
        entries(&self.claims, CLAIMS_ROOM).map_err(|error| Error::map("read", CLAIMS, error))
    }

    /// Reads who was ever seen to speak BGP to whom.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn sessions(&self) -> Result<Vec<SessionKey>, Error> {
        let sessions = entries(&self.sessions, SESSIONS_ROOM);
        let sessions = sessions.map_err(|error| Error::map("read", SESSIONS, error))?;
        Ok(sessions.into_keys().collect())
    }
}

/// The kernel starts again at the first entry if the one that it was at is gone, so that a table under
/// pressure would be read for ever: entries that come twice are one here, and their number is bound.
fn entries<K: Pod + Ord, V: Pod>(
    map: &HashMap<MapData, K, V>,
    room: u32,
) -> Result<BTreeMap<K, V>, MapError> {
    map.iter().take(2 * room as usize).collect()
}
