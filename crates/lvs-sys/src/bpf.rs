//! Maps of bpf(2), and the call itself: thin covers.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `enum bpf_map_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MapKind {
    Hash = 1,
    Array = 2,
    Ring = 27,
}

/// Sizes of a map. A ring has neither keys nor values, and so many bytes.
#[derive(Clone, Copy, Debug)]
pub struct MapShape {
    pub kind: MapKind,
    pub key: u32,
    pub value: u32,
    pub entries: u32,
}

const MAP_CREATE: libc::c_long = 0;
const LOOKUP: libc::c_long = 1;
const UPDATE: libc::c_long = 2;
pub(crate) const INFO: libc::c_long = 15;
const LOOKUP_AND_DELETE: libc::c_long = 21;
const LOOKUP_BATCH: libc::c_long = 24;
const LOOKUP_AND_DELETE_BATCH: libc::c_long = 25;
const UPDATE_BATCH: libc::c_long = 26;

/// The beginning of `union bpf_attr` for `BPF_MAP_CREATE`.
#[repr(C)]
struct Create {
    shape: [u32; 4],
    flags: u32,
    inner: u32,
    node: u32,
    name: [u8; 16],
    padding: u32,
}

/// The same for `BPF_OBJ_GET_INFO_BY_FD`.
#[repr(C)]
pub(crate) struct Ask {
    pub(crate) object: u32,
    pub(crate) len: u32,
    pub(crate) info: u64,
}

/// The beginning of `struct bpf_map_info`.
#[derive(Default)]
#[repr(C)]
struct MapInfo {
    kind: u32,
    id: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
}

/// The same for requests about one element.
#[repr(C)]
struct Element {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// The same for requests about many elements.
#[repr(C)]
struct Batch {
    from: u64,
    next: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

pub(crate) fn named(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    let len = name.len().min(15);
    bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
    bytes
}

/// A map, and the sizes that it was made with.
#[derive(Debug)]
pub struct Map {
    fd: OwnedFd,
    shape: MapShape,
}

/// Elements of a hash map, as many as fit, and where to go on.
#[derive(Debug)]
pub struct Elements {
    pub keys: Vec<u8>,
    pub values: Vec<u8>,
    /// Place to go on at; None at first, and at the end.
    pub place: Option<u32>,
}

/// `BPF_F_NO_PREALLOC`, and `BPF_F_MMAPABLE` (Linux 5.5).
const NO_PREALLOC: u32 = 1;
const SHARED: u32 = 1 << 10;

/// Outcome of [`Map::update_many`].
#[derive(Debug)]
pub struct Updated {
    /// Elements that it could put.
    pub count: u32,
    /// The reason why not all.
    pub error: Option<io::Error>,
}

impl Map {
    /// # Errors
    /// No CAP_BPF, or no memory.
    pub fn create(name: &str, shape: MapShape) -> io::Result<Self> {
        let MapShape { kind, key, value, entries } = shape;
        let sizes = [kind as u32, key, value, entries];
        let flags = match kind {
            // Elements take memory only while they are there.
            MapKind::Hash => NO_PREALLOC,
            MapKind::Array => SHARED,
            MapKind::Ring => 0,
        };
        let mut create = Create { shape: sizes, flags, inner: 0, node: 0, name: named(name), padding: 0 };
        Ok(Self { fd: descriptor(bpf(MAP_CREATE, &mut create)?)?, shape })
    }

    /// Goes on with a map that another process has made; the kernel says how large it is.
    ///
    /// # Errors
    /// The descriptor is not that of a map of this kind.
    pub fn adopt(fd: OwnedFd, kind: MapKind) -> io::Result<Self> {
        let mut info = MapInfo::default();
        let len = size_of::<MapInfo>() as u32;
        let place = std::ptr::from_mut(&mut info) as u64;
        bpf(INFO, &mut Ask { object: raw(&fd), len, info: place })?;
        if info.kind != kind as u32 || (info.key == 0) != (kind == MapKind::Ring) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self { fd, shape: MapShape { kind, key: info.key, value: info.value, entries: info.entries } })
    }

    /// Another descriptor of it, for [`Self::adopt`].
    ///
    /// # Errors
    /// The system refuses one.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }

    pub fn number(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    pub const fn shape(&self) -> MapShape {
        self.shape
    }

    /// Puts a value under a key.
    ///
    /// # Errors
    /// The map is full, or has other sizes.
    pub fn update(&self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.check(key.len(), value.len())?;
        self.element(UPDATE, key, value.as_ptr() as u64)
    }

    /// Puts values under keys, one behind the other, as many as there are keys.
    ///
    /// # Errors
    /// The map has other sizes.
    pub fn update_many(&self, keys: &[u8], values: &[u8]) -> io::Result<Updated> {
        let count = keys.len() / (self.shape.key as usize).max(1);
        self.check(keys.len() / count.max(1), values.len() / count.max(1))?;
        let mut batch = Batch {
            from: 0,
            next: 0,
            keys: keys.as_ptr() as u64,
            values: values.as_ptr() as u64,
            count: count as u32,
            map: raw(&self.fd),
            element_flags: 0,
            flags: 0,
        };
        let error = bpf(UPDATE_BATCH, &mut batch).err();
        Ok(Updated { count: if error.is_none() { count as u32 } else { batch.count }, error })
    }

    /// Reads the value under a key.
    ///
    /// # Errors
    /// No such element is there, or the map has other sizes.
    pub fn look_up(&self, key: &[u8], value: &mut [u8]) -> io::Result<()> {
        self.check(key.len(), value.len())?;
        self.element(LOOKUP, key, value.as_mut_ptr() as u64)
    }

    /// The same, and takes it out.
    ///
    /// # Errors
    /// No such element is there, or the map has other sizes.
    pub fn take(&self, key: &[u8], value: &mut [u8]) -> io::Result<()> {
        self.check(key.len(), value.len())?;
        self.element(LOOKUP_AND_DELETE, key, value.as_mut_ptr() as u64)
    }

    /// Room for so many elements.
    pub fn room(&self, elements: u32) -> Elements {
        let bytes = |size: u32| vec![0; (size * elements) as usize];
        Elements { keys: bytes(self.shape.key), values: bytes(self.shape.value), place: None }
    }

    /// Reads some elements of a hash map, and takes them out if that is wished. How many.
    ///
    /// # Errors
    /// The room is less than one bucket of the map needs.
    pub fn read_some(&self, elements: &mut Elements, takes: bool) -> io::Result<u32> {
        let MapShape { key, value, .. } = self.shape;
        let room = (elements.keys.len() / key as usize).min(elements.values.len() / value as usize);
        let mut next = 0_u32;
        let mut batch = Batch {
            from: elements.place.as_ref().map_or(0, |place| std::ptr::from_ref(place) as u64),
            next: std::ptr::from_mut(&mut next) as u64,
            keys: elements.keys.as_mut_ptr() as u64,
            values: elements.values.as_mut_ptr() as u64,
            count: room as u32,
            map: raw(&self.fd),
            element_flags: 0,
            flags: 0,
        };
        let request = if takes { LOOKUP_AND_DELETE_BATCH } else { LOOKUP_BATCH };
        match bpf(request, &mut batch) {
            Ok(_) => elements.place = Some(next),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => elements.place = None,
            Err(error) => return Err(error),
        }
        Ok(batch.count)
    }

    fn check(&self, key: usize, value: usize) -> io::Result<()> {
        let fits = key == self.shape.key as usize && value == self.shape.value as usize;
        if fits { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// A request about one element; key and value have the sizes of the map.
    fn element(&self, request: libc::c_long, key: &[u8], value: u64) -> io::Result<()> {
        let key = key.as_ptr() as u64;
        bpf(request, &mut Element { map: raw(&self.fd), padding: 0, key, value, flags: 0 }).map(drop)
    }
}

pub(crate) fn raw(fd: &OwnedFd) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// The descriptor that is the answer of a request that makes one.
pub(crate) fn descriptor(answer: i32) -> io::Result<OwnedFd> {
    // SAFETY: a descriptor that was made just now and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(answer) })
}

pub(crate) fn bpf<T>(request: libc::c_long, attributes: &mut T) -> io::Result<i32> {
    // SAFETY: the kernel reads and writes as many bytes as are said of a structure that lives until the call returns, and what
    // its pointers lead to, which the callers keep alive as long and make as large as they say.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, request, std::ptr::from_mut(attributes), size_of::<T>()) };
    i32::try_from(result).ok().filter(|answer| *answer >= 0).ok_or_else(io::Error::last_os_error)
}
