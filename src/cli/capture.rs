//! `tunvs capture`: packets before and after the director, as a pcapng file or as lines of text.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::CaptureArgs;
use ipvsadm::protocol_name;
use lvs_control::capture::{Bytes, CaptureRequest, Captured, Ends, Filter, TermError, pcapng};
use lvs_control::client::Parts;
use lvs_control::{Client, ClientError, Part, StreamRequest, socket_path};
use lvs_events::rfc3339;

#[derive(Debug, thiserror::Error)]
pub(super) enum CaptureError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Filter(#[from] TermError),
    #[error("cannot write {}, the capture ends here", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot write the packets")]
    Write(#[from] io::Error),
    #[error("the director has as many captures under way as it takes: end one of them")]
    TooMany,
}

/// Captures until the director stops, or as many packets or seconds as were asked for.
pub(super) fn run(args: &CaptureArgs, out: &mut dyn Write) -> Result<(), CaptureError> {
    let filter = Filter::parse(&args.filter)?;
    let client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let request = StreamRequest::Capture(CaptureRequest { filter, snaplen: args.snaplen });
    let parts = client.stream(request)?;
    let mut tally = Tally::default();
    let outcome = match args.write.as_deref() {
        None => print(parts.while_read(io::stdout())?, args, &mut tally, out),
        Some(path) if path == Path::new("-") => save(parts.while_read(io::stdout())?, args, &mut tally, out),
        Some(path) => to_file(parts, args, &mut tally, path),
    };
    let mut err = io::stderr();
    let Tally { packets, lost } = tally;
    let _ = writeln!(err, "{packets} packets captured, {lost} lost");
    match outcome {
        // `tunvs capture | head` has seen enough.
        Err(CaptureError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[derive(Debug, Default)]
struct Tally {
    packets: u64,
    lost: u64,
}

fn to_file(parts: Parts, args: &CaptureArgs, tally: &mut Tally, path: &Path) -> Result<(), CaptureError> {
    let failed = |source| CaptureError::File { path: path.to_owned(), source };
    let file = File::create(path).map_err(failed)?;
    match save(parts, args, tally, &mut BufWriter::new(file)) {
        Err(CaptureError::Write(source)) => Err(failed(source)),
        other => other,
    }
}

fn save(
    parts: Parts,
    args: &CaptureArgs,
    tally: &mut Tally,
    out: &mut dyn Write,
) -> Result<(), CaptureError> {
    pcapng::begin(out, args.snaplen, env!("CARGO_PKG_VERSION"))?;
    each(parts, args, tally, &mut |captured| match captured {
        Some(captured) => pcapng::packet(out, captured),
        None => out.flush(),
    })
}

fn print(
    parts: Parts,
    args: &CaptureArgs,
    tally: &mut Tally,
    out: &mut dyn Write,
) -> Result<(), CaptureError> {
    each(parts, args, tally, &mut |captured| match captured {
        Some(captured) => line(captured, out),
        None => out.flush(),
    })
}

/// Hands every packet to `take`, and None when there is a pause.
fn each(
    mut parts: Parts,
    args: &CaptureArgs,
    tally: &mut Tally,
    take: &mut dyn FnMut(Option<&Captured>) -> io::Result<()>,
) -> Result<(), CaptureError> {
    // The time is measured by the system's timer, in a thread that then hangs up.
    if let (Some(seconds), Some(socket)) = (args.seconds, parts.as_socket()) {
        let socket = socket.try_clone()?;
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(seconds));
            let _ = socket.shutdown(std::net::Shutdown::Both);
        });
    }
    loop {
        let packets = match parts.next() {
            None => break,
            Some(Ok(Part::Packets(packets))) => packets,
            Some(Ok(Part::TooMany)) => return Err(CaptureError::TooMany),
            Some(Ok(_)) => continue,
            // The thread above has hung up.
            Some(Err(ClientError::Lost { .. })) if args.seconds.is_some() => break,
            Some(Err(error)) => return Err(error.into()),
        };
        if packets.is_empty() {
            let _ = writeln!(io::stderr(), "capturing");
        }
        for captured in &packets {
            tally.packets += 1;
            tally.lost += captured.lost;
            take(Some(captured))?;
            if args.count.is_some_and(|count| tally.packets >= count) {
                take(None)?;
                return Ok(());
            }
        }
        take(None)?;
    }
    take(None)?;
    Ok(())
}

fn line(captured: &Captured, out: &mut dyn Write) -> io::Result<()> {
    if captured.lost > 0 {
        writeln!(out, "... {} packets lost ...", captured.lost)?;
    }
    let time = rfc3339(captured.at / 1_000_000);
    write!(out, "{time} {} {}  {}", captured.side, packet(&captured.before), captured.verdict)?;
    for after in &captured.after {
        write!(out, "  {}", packet(after))?;
    }
    writeln!(out)
}

fn packet(bytes: &Bytes) -> String {
    // Headers are parsed against the whole length, so a packet that was cut short is filled up.
    let mut whole = bytes.data.clone();
    whole.resize(bytes.len as usize, 0);
    match Ends::of(&whole) {
        Some(Ends { protocol, from, to }) => {
            format!("{} {from} > {to} {} bytes", protocol_name(protocol), bytes.len)
        }
        None => format!("{} bytes that are no packet", bytes.len),
    }
}
