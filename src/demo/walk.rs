//! The article, step by step: what is typed, what comes back, and whether that is right.
//!
//! Owns the expected answers and the count of those that differ. Never stops at a wrong answer: the rest of the
//! walk shows what else is wrong. Called by the demo's `run`.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::error::DemoError;
use super::http;
use super::process::Programs;
use super::terminal::{Style, Terminal};
use super::topology::{self, CLIENT, DS_INSIDE, DS_OUTSIDE, RS1, RS2, Snapshot, Topology};
use super::wait::wait_for;

const VIP_RR: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 183);
const VIP_WRR: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 184);

#[derive(Debug)]
pub(super) struct Walk<'a> {
    topology: &'a Topology,
    programs: &'a Programs,
    terminal: Terminal,
    interrupted: &'a AtomicBool,
    right: usize,
    wrong: usize,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(
        topology: &'a Topology,
        programs: &'a Programs,
        terminal: Terminal,
        interrupted: &'a AtomicBool,
    ) -> Self {
        Self { topology, programs, terminal, interrupted, right: 0, wrong: 0 }
    }

    pub(super) fn show_network(&mut self) -> Result<(), DemoError> {
        self.heading("The network: namespaces of this process, no way out")?;
        self.line(&format!("  client {CLIENT} ── eth1 {DS_OUTSIDE}  ds  {DS_INSIDE} eth2 ─┬─ rs1 {RS1}"))?;
        self.line(&format!("{:70}└─ rs2 {RS2}", ""))
    }

    /// Types all of the article.
    pub(super) fn article(&mut self) -> Result<(), DemoError> {
        self.heading("A virtual service with two real servers, taking turns")?;
        self.add_address(VIP_RR)?;
        self.ipvsadm("-A -t 192.168.1.183:80 -s rr")?;
        self.ipvsadm("-a -t 192.168.1.183:80 -r 192.168.56.183 -m")?;
        self.ipvsadm("-a -t 192.168.1.183:80 -r 192.168.56.184 -m")?;
        self.curl(VIP_RR, 80, &["rs2", "rs1", "rs2", "rs1", "rs2", "rs1", "rs2", "rs1", "rs2", "rs1"])?;
        self.listing(&[
            "IP Virtual Server version 1.2.1 (size=4096)",
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
            "TCP  192.168.1.183:80 rr",
            "  -> 192.168.56.183:80            Masq    1      0          5         ",
            "  -> 192.168.56.184:80            Masq    1      0          5         ",
        ])?;

        self.heading("Another address, port 8099 mapped to port 80, weighted")?;
        self.add_address(VIP_WRR)?;
        self.ipvsadm("-A -t 192.168.1.184:8099 -s wrr")?;
        self.ipvsadm("-a -t 192.168.1.184:8099 -r 192.168.56.183:80 -m")?;
        self.ipvsadm("-a -t 192.168.1.184:8099 -r 192.168.56.184:80 -m")?;
        self.curl(VIP_WRR, 8099, &["rs2", "rs1", "rs2", "rs1"])?;
        self.refused(VIP_WRR, 80)?;

        self.heading("Twice the weight for rs2, from the next connection on")?;
        self.ipvsadm("-e -t 192.168.1.184:8099 -r 192.168.56.184:80 -m -w 2")?;
        self.curl(VIP_WRR, 8099, &["rs2", "rs1", "rs2", "rs2", "rs1", "rs2"])
    }

    pub(super) fn show_how_to_enter(&mut self, rootless: bool) -> Result<(), DemoError> {
        let process = std::process::id();
        let user = if rootless {
            format!("--preserve-credentials --user=/proc/{process}/ns/user ")
        } else {
            String::new()
        };
        self.heading("Everything stays up until Ctrl-C. From another terminal:")?;
        let topology = self.topology;
        for host in [&topology.client, &topology.ds, &topology.rs1, &topology.rs2] {
            self.line(&format!("  {:7} nsenter {user}--net=/proc/{process}/fd/{}", host.name(), host.fd()))?;
        }
        let (socket, binary) = (self.programs.socket(), self.programs.binary());
        let tool = format!("  TUNVS_SOCKET={} {} ipvsadm -L -n", socket.display(), binary.display());
        self.line(&tool)
    }

    /// The director got SIGTERM: did it exit with 0 and leave the host as it was?
    pub(super) fn check_undone(&mut self, code: Option<i32>, before: &Snapshot) -> Result<(), DemoError> {
        self.heading("The director is stopped and leaves the host as it found it")?;
        self.typed("ds", "kill -TERM $(pidof tunvs)")?;
        let text = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        self.judge(code == Some(0), &text)?;
        for vip in [VIP_RR, VIP_WRR] {
            self.typed("ds", &format!("ip addr del {vip}/24 dev eth1"))?;
            topology::delete_address(&self.topology.ds, "eth1", vip)?;
        }
        let same = self.topology.snapshot()? == *before;
        self.judge(
            same,
            if same { "rules and routes as before" } else { "rules or routes are not as before" },
        )
    }

    /// Says how many answers were right.
    pub(super) fn close(mut self) -> Result<(), DemoError> {
        self.heading(&format!("{} right, {} wrong", self.right, self.wrong))?;
        if self.wrong == 0 { Ok(()) } else { Err(DemoError::Differs(self.wrong)) }
    }

    pub(super) fn note(&mut self, text: &str) -> Result<(), DemoError> {
        let text = self.terminal.paint(Style::Faint, text);
        self.line(&text)
    }

    fn add_address(&mut self, addr: Ipv4Addr) -> Result<(), DemoError> {
        self.typed("ds", &format!("ip addr add {addr}/24 dev eth1"))?;
        topology::add_address(&self.topology.ds, "eth1", addr)
    }

    fn ipvsadm(&mut self, arguments: &str) -> Result<(), DemoError> {
        self.typed("ds", &format!("ipvsadm {arguments}"))?;
        let arguments: Vec<_> = arguments.split(' ').collect();
        let output =
            self.programs.ipvsadm(&self.topology.ds, &arguments).map_err(DemoError::io("run ipvsadm"))?;
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() && said.is_empty() {
            return Ok(());
        }
        self.judge(false, String::from_utf8_lossy(&said).trim_end())
    }

    /// Asks once for each expected answer, in that order.
    fn curl(&mut self, vip: Ipv4Addr, port: u16, expected: &[&str]) -> Result<(), DemoError> {
        let server = SocketAddrV4::new(vip, port);
        let count = expected.len();
        self.typed("client", &format!("for i in $(seq {count}); do curl http://{}; done", url(server)))?;
        let mut answers = Vec::new();
        let mut same = true;
        for name in expected {
            let answer =
                http::fetch(&self.topology.client, server).unwrap_or_else(|error| error.kind().to_string());
            same &= answer == *name;
            let style = match answer.as_str() {
                "rs1" => Style::First,
                "rs2" => Style::Second,
                _ => Style::Bad,
            };
            answers.push(self.terminal.paint(style, &answer));
        }
        let answers = answers.join(" ");
        if same {
            self.judge(true, &answers)
        } else {
            self.judge(false, &format!("{answers}, not {}", expected.join(" ")))
        }
    }

    fn refused(&mut self, vip: Ipv4Addr, port: u16) -> Result<(), DemoError> {
        let server = SocketAddrV4::new(vip, port);
        self.typed("client", &format!("curl http://{}", url(server)))?;
        match http::fetch(&self.topology.client, server) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.judge(true, "connection refused, by the host's own stack")
            }
            Err(error) => self.judge(false, &error.to_string()),
            Ok(answer) => self.judge(false, &format!("{answer}, not a refusal")),
        }
    }

    fn listing(&mut self, expected: &[&str]) -> Result<(), DemoError> {
        self.typed("ds", "ipvsadm -L -n")?;
        // The last packets of the last connection may still be on their way.
        let mut seen = String::new();
        let matched = wait_for(Duration::from_secs(1), || {
            let output = self.programs.ipvsadm(&self.topology.ds, &["-L", "-n"]).ok()?;
            seen = String::from_utf8_lossy(&output.stdout).into_owned();
            seen.lines().eq(expected.iter().copied()).then_some(())
        });
        self.line(seen.trim_end_matches('\n'))?;
        let good = matched.is_some();
        self.judge(good, if good { "as ipvsadm prints it" } else { "not what ipvsadm prints" })
    }

    fn judge(&mut self, good: bool, text: &str) -> Result<(), DemoError> {
        if good {
            self.right += 1;
        } else {
            self.wrong += 1;
        }
        self.terminal.mark(good, text).map_err(output_error())
    }

    fn heading(&mut self, text: &str) -> Result<(), DemoError> {
        self.terminal.heading(text).map_err(output_error())
    }

    fn typed(&mut self, host: &str, command: &str) -> Result<(), DemoError> {
        if self.interrupted.load(Relaxed) {
            return Err(DemoError::Interrupted);
        }
        self.terminal.typed(host, command).map_err(output_error())
    }

    fn line(&mut self, text: &str) -> Result<(), DemoError> {
        self.terminal.line(text).map_err(output_error())
    }
}

/// As people type it: without the port that is HTTP's own.
fn url(server: SocketAddrV4) -> String {
    if server.port() == 80 { server.ip().to_string() } else { server.to_string() }
}

fn output_error() -> impl FnOnce(io::Error) -> DemoError {
    DemoError::io("write to standard output")
}
