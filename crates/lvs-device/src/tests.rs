//! The offload ladder against a pretended driver, names, and the device in memory.

use nix::errno::Errno;

use super::offload::KernelRelease;
use super::open::{Found, open};
use super::{
    DeviceError, Features, Options, PacketReader, PacketWriter, ReadError, WriteError, memory_device,
};
use lvs_wire::PacketBuf;

/// A driver that knows these features only, as `set_offload` in the kernel: unknown bits are EINVAL.
struct Driver {
    known: u32,
    asked: Vec<u32>,
}

impl Driver {
    fn new(known: u32) -> Self {
        Self { known, asked: Vec::new() }
    }

    fn negotiate(&mut self, wanted: bool, release: &str) -> String {
        let features = Features::negotiate(wanted, KernelRelease::parse(release), |bits| {
            self.asked.push(bits);
            if bits & !self.known == 0 { Ok(()) } else { Err(Errno::EINVAL) }
        });
        features.unwrap().to_string()
    }
}

const CSUM: u32 = 0x01;
const TSO: u32 = CSUM | 0x02 | 0x04;
const ECN: u32 = TSO | 0x08;
const USO: u32 = ECN | 0x20 | 0x40;

#[test]
fn the_ladder_ends_where_the_kernel_agrees() {
    let cases = [
        (USO, "6.18.44", "checksum, tso, ecn, uso"),
        (ECN, "5.10.0-generic", "checksum, tso, ecn"),
        (TSO, "5.10", "checksum, tso"),
        (CSUM, "", "checksum"),
        (0, "not a version", "none"),
        (USO, "7.0.0", "checksum, tso, ecn"),
        (USO, "7.1.4-arch1", "checksum, tso, ecn"),
        (USO, "7.1.5", "checksum, tso, ecn, uso"),
        (USO, "6.99.9", "checksum, tso, ecn, uso"),
    ];
    for (known, release, expected) in cases {
        assert_eq!(Driver::new(known).negotiate(true, release), expected, "{known:#x} {release}");
    }
}

#[test]
fn each_rung_is_tried_once() {
    let mut driver = Driver::new(0);
    driver.negotiate(true, "6.18");
    assert_eq!(driver.asked, [USO, ECN, TSO, CSUM, 0]);
}

#[test]
fn offload_switched_off_is_said_to_the_driver() {
    let mut driver = Driver::new(USO);
    assert_eq!(driver.negotiate(false, "6.18"), "none");
    assert_eq!(driver.asked, [0]);
}

#[test]
fn another_error_than_einval_ends_the_ladder() {
    let mut asked = 0;
    let result = Features::negotiate(true, KernelRelease::default(), |_| {
        asked += 1;
        Err(Errno::EBADFD)
    });
    assert_eq!(result.unwrap_err().raw_os_error(), Some(Errno::EBADFD as i32));
    assert_eq!(asked, 1);
}

#[test]
fn impossible_names_and_queues_are_refused_before_the_system_is_asked() {
    for name in ["", "tunvs-much-too-long", "a/b", "tunvs%d", "two words", "..", "n\u{e4}me"] {
        let error = open(name, Options::default(), Found::New).unwrap_err();
        assert!(matches!(error, DeviceError::BadName { .. }), "{name:?}: {error}");
    }
    for queues in [0, 257] {
        let error = open("tunvs-vip", Options { queues, ..Options::default() }, Found::New).unwrap_err();
        assert!(matches!(error, DeviceError::Queues { .. }), "{error}");
    }
}

#[tokio::test]
async fn packets_pass_through_memory_in_order() {
    let (mut device, mut wire) = memory_device();
    for byte in [1, 2] {
        assert!(wire.send(PacketBuf::from_packet(&[byte])));
    }
    let mut packet = PacketBuf::new();
    device.readable().await.unwrap();
    device.readable().await.unwrap();
    for byte in [1, 2] {
        assert!(device.read(&mut packet).unwrap());
        assert_eq!(packet.bytes(), [byte]);
        device.write(&mut packet).unwrap();
    }
    assert!(!device.read(&mut packet).unwrap());
    assert_eq!(wire.receive().await.unwrap().bytes(), [1]);
    wire.set_link_down(true);
    assert_eq!(device.write(&mut packet), Err(WriteError::LinkDown));
    drop(wire);
    assert!(device.readable().await.is_err());
    assert!(matches!(device.read(&mut packet), Ok(false) | Err(ReadError::Gone(_))));
}
