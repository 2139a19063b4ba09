//! The attached switch ports in, their numbers out: the same for the life of the agent.

use ixp_common::addr::Mac;
use ixp_common::policy::Deployment;
use ixp_common::table::PORTS;

use super::Error;

/// Switch ports that can be attached.
pub(super) const MOST: usize = PORTS - 1;
/// The number of all ports that are not attached. It is nobody's bit among those that are wired.
#[expect(clippy::cast_possible_truncation, reason = "256")]
const ELSEWHERE: u16 = PORTS as u16;

/// The switch ports that are attached, by number from 1 on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// In order of the configuration, each once.
    names: Vec<String>,
    /// Of each attached interface, in the same order; 0 if it is not known.
    facing: Vec<u16>,
    probe: Option<Mac>,
}

impl Ports {
    /// The ports of the attached interfaces: how each stands to the fabric, and what its port is
    /// called. At an ordinary peering port everybody's frames come in, so it stands for no port.
    ///
    /// # Errors
    /// [`Error::Ports`].
    pub fn new<'n>(attached: impl IntoIterator<Item = (Deployment, Option<&'n str>)>) -> Result<Self, Error> {
        let mut ports = Self::default();
        for (deployment, name) in attached {
            let name = match deployment {
                Deployment::Tap | Deployment::Inline => name,
                Deployment::Port => None,
            };
            let number = name.map_or(0, |name| ports.intern(name));
            ports.facing.push(number);
        }
        match ports.names.len() {
            0..=MOST => Ok(ports),
            wanted => Err(Error::Ports { wanted }),
        }
    }

    /// The same; the address that loop probes are sent from, if they are.
    #[must_use]
    pub fn probed_from(self, probe: Option<Mac>) -> Self {
        Self { probe, ..self }
    }

    /// The address that loop probes are sent from.
    #[must_use]
    pub const fn probe(&self) -> Option<Mac> {
        self.probe
    }

    fn intern(&mut self, name: &str) -> u16 {
        let known = self.names.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u16::try_from(at + 1).unwrap_or(u16::MAX)
    }

    /// The number of the port that an attached interface faces, by its place in the configuration;
    /// 0 if it is not known.
    #[must_use]
    pub fn facing(&self, attach: usize) -> u16 {
        self.facing.get(attach).copied().unwrap_or(0)
    }

    /// The attached ports, each once.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a station can be seen to move: every attached interface faces a port, and they differ.
    #[must_use]
    pub fn can_tell_moves(&self) -> bool {
        self.names.len() > 1 && self.facing.iter().all(|number| *number != 0)
    }

    /// The number of a port by its name, 0 for one without a name, or whose name is a list, as that of a LAG
    /// over two switches: it is at each of them. `knows_all` says whether a name that
    /// is not attached is taken for a port elsewhere; if it is a matter of spelling, it is not known.
    pub(super) fn number(&self, name: Option<&str>, knows_all: bool) -> u16 {
        let Some(name) = name else { return 0 };
        match self.names.iter().position(|known| known == name) {
            Some(at) => u16::try_from(at + 1).unwrap_or(0),
            None if knows_all && !name.contains(',') => ELSEWHERE,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_has_one_number_however_many_interfaces_face_it() {
        let (tap, port, inline) = (Deployment::Tap, Deployment::Port, Deployment::Inline);
        let attached =
            [(inline, Some("a")), (inline, None), (tap, Some("b")), (inline, Some("a")), (port, Some("c"))];
        let ports = Ports::new(attached).expect("they fit");
        let facing: Vec<u16> = (0..6).map(|at| ports.facing(at)).collect();
        assert_eq!(facing, [1, 0, 2, 1, 0, 0]);
        let numbers = [Some("b"), Some("c"), None].map(|name| ports.number(name, true));
        assert_eq!(numbers, [2, ELSEWHERE, 0]);
        assert_eq!(ports.number(Some("c"), false), 0);
        assert!(!ports.can_tell_moves(), "frames of all ports come in by one");
        assert!(Ports::new([(inline, Some("a")), (tap, Some("b"))]).expect("they fit").can_tell_moves());
    }

    #[test]
    fn more_ports_than_numbers_are_refused() {
        let names: Vec<String> = (0..=MOST).map(|at| at.to_string()).collect();
        let attached = |count: usize| names[..count].iter().map(|name| (Deployment::Inline, Some(&**name)));
        assert!(Ports::new(attached(MOST)).is_ok());
        assert_eq!(Ports::new(attached(MOST + 1)), Err(Error::Ports { wanted: MOST + 1 }));
    }
}
