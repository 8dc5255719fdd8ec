//! The kernel whose IPVS is followed where kernels differ. `docs/kernels.md` says in what; recordings of all are replayed by
//! `tests/datapath_recordings.rs`.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    #[default]
    V6_1,
    V6_12,
    V7_3,
}

impl Kernel {
    pub const ALL: [Self; 3] = [Self::V6_1, Self::V6_12, Self::V7_3];

    pub const fn name(self) -> &'static str {
        match self {
            Self::V6_1 => "6.1",
            Self::V6_12 => "6.12",
            Self::V7_3 => "7.3",
        }
    }

    /// Whether a template keeps its virtual port when its server is gone.
    pub(crate) const fn keeps_spoilt_port(self) -> bool {
        matches!(self, Self::V7_3)
    }

    /// Whether the table of connections grows, and listings say its present size.
    pub(crate) const fn has_growing_table(self) -> bool {
        matches!(self, Self::V7_3)
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no kernel that is followed, expected 6.1, 6.12 or 7.3")]
pub struct UnknownKernel(String);

impl FromStr for Kernel {
    type Err = UnknownKernel;

    fn from_str(text: &str) -> Result<Self, UnknownKernel> {
        let known = Self::ALL.into_iter().find(|kernel| kernel.name() == text);
        known.ok_or_else(|| UnknownKernel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;
    use crate::director::{Command, Director, Query, Reply, Settings};
    use crate::service::{Family, ServiceKey, ServiceSpec};

    #[test]
    fn kernels_go_by_their_names() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.to_string().parse::<Kernel>().unwrap(), kernel);
        }
        assert!("6.2".parse::<Kernel>().is_err());
    }

    #[test]
    fn listings_say_the_size_of_a_table_that_grows() {
        let director = Director::new(Settings { kernel: Kernel::V7_3, ..Settings::default() });
        let size = || match director.query(&Query::Info, Time::ZERO) {
            Ok(Reply::Info(info)) => info.conn_table_size,
            other => panic!("{other:?}"),
        };
        assert_eq!(size(), 0);
        let key = ServiceKey::Mark { mark: 1, family: Family::V4 };
        director.apply(&Command::AddService(ServiceSpec::new(key, "rr")), Time::ZERO).unwrap();
        assert_eq!(size(), 256);
        director.apply(&Command::Flush, Time::ZERO).unwrap();
        assert_eq!(size(), 256, "the table stays");
    }
}
