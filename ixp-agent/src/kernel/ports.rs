//! The settings of attached interfaces, into the maps where each frame finds those of its own.

use aya::maps::{Array, HashMap, Map, MapData, MapError};
use ixp_common::addr::Mac;
use ixp_common::names::{FAR_PORTS, NEAR_PORTS, PORT_POLICIES};
use ixp_common::policy::{Deployment, PortPolicy};

use super::Error;

/// The settings of attached interfaces.
pub struct PortPolicies {
    policies: Array<MapData, PortPolicy>,
    far: HashMap<MapData, u32, u32>,
}

/// Slot 0: that of no interface.
const NONE: PortPolicy = PortPolicy::new(0, Deployment::Inline, Mac::ZERO, false, 0);

impl PortPolicies {
    /// Takes the maps; no interface has settings.
    pub(super) fn new(policies: Map, far: Map) -> Result<Self, Error> {
        Ok(Self {
            policies: Array::try_from(policies).map_err(|error| Error::map("type", PORT_POLICIES, error))?,
            far: HashMap::try_from(far).map_err(|error| Error::map("type", FAR_PORTS, error))?,
        })
    }

    /// Sets those of an interface.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn set(&mut self, ifindex: u32, policy: PortPolicy) -> Result<(), Error> {
        if ifindex < NEAR_PORTS {
            return self.write(ifindex, policy);
        }
        let place = NEAR_PORTS + policy.slot();
        self.write(place, policy)?;
        let written = self.far.insert(ifindex, place, 0);
        written.map_err(|error| Error::map("write", FAR_PORTS, error))
    }

    /// Forgets those of an interface that is gone, if it had any.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(super) fn forget(&mut self, ifindex: u32) -> Result<(), Error> {
        if ifindex < NEAR_PORTS {
            return self.write(ifindex, NONE);
        }
        match self.far.remove(&ifindex) {
            Ok(()) | Err(MapError::KeyNotFound) => Ok(()),
            Err(error) => Err(Error::map("write", FAR_PORTS, error)),
        }
    }

    fn write(&mut self, place: u32, policy: PortPolicy) -> Result<(), Error> {
        let written = self.policies.set(place, policy, 0);
        written.map_err(|error| Error::map("write", PORT_POLICIES, error))
    }
}
