//! Every recorded choice of a server comes out of the tables and the schedulers alone, without packets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "datapath/case.rs"]
#[allow(dead_code)]
mod case;
#[path = "datapath/classic.rs"]
mod classic;

use std::collections::HashMap;
use std::sync::Arc;

use case::{Case, Event};
use tunvs::lvs::Command;
use tunvs::lvs::Time;
use tunvs::lvs::sched::Flow;
use tunvs::lvs::service::{Endpoint, Protocol, RealServer, ServiceTable};

#[derive(Default)]
struct World {
    table: ServiceTable,
    open: HashMap<String, Arc<RealServer>>,
}

impl World {
    fn apply(&mut self, line: &str) -> bool {
        match classic::parse(line).unwrap_or_else(|| panic!("unknown form: {line}")) {
            Command::AddService(spec) => self.table.add_service(spec),
            Command::EditService(spec) => self.table.edit_service(spec),
            Command::AddServer { service, server } => self.table.add_server(&service, &server, false),
            Command::EditServer { service, server } => self.table.edit_server(&service, &server, false),
            Command::DeleteServer { service, addr, port } => self.table.delete_server(&service, addr, port),
            other => panic!("not here: {other:?}"),
        }
        .is_ok()
    }

    fn pick(&mut self, case: &Case, protocol: Protocol, from: &str, to: &str, end: &str, id: &str) -> String {
        let ((client, client_port), (virt, virt_port)) =
            (classic::endpoint(from).unwrap(), classic::endpoint(to).unwrap());
        let mark = case.marks.iter().find(|mark| {
            let net = mark.dst.parse::<ipnet::IpNet>();
            mark.proto.eq_ignore_ascii_case(protocol.name())
                && net.map_or_else(|_| mark.dst.parse() == Ok(virt), |net| net.contains(&virt))
                && (mark.dport == 0 || mark.dport == virt_port)
        });
        let service = self.table.find(mark.map(|mark| mark.mark), protocol, virt, virt_port).unwrap();
        let flow = Flow {
            client: Endpoint::new(client, client_port),
            virt: Endpoint::new(virt, virt_port),
            flags: service.spec().scheduler_flags,
            now: Time::ZERO,
            draw: 0,
        };
        let Some(server) = service.schedule(&flow) else { return "none".to_owned() };
        let port = if server.port() == 0 { virt_port } else { server.port() };
        server.bind(protocol == Protocol::Tcp);
        match (protocol, end) {
            (Protocol::Tcp, "open") => {
                self.open.insert(id.to_owned(), Arc::clone(&server));
            }
            (Protocol::Tcp, _) => server.rebind(false),
            _ => {}
        }
        Endpoint::new(server.addr(), port).to_string()
    }

    /// What the event gives, next to what was recorded, for events that tell about schedulers.
    fn play(&mut self, case: &Case, event: &Event) -> Vec<(String, String)> {
        let recorded = |at: usize| {
            let result = event.result.get(at).unwrap_or(&event.result).as_str().unwrap();
            if result.starts_with("icmp") { "none".to_owned() } else { result.to_owned() }
        };
        match event.op.as_str() {
            "tcp" | "udp" => {
                let protocol = if event.op == "tcp" { Protocol::Tcp } else { Protocol::Udp };
                let (from, to) = (event.needed("from"), event.needed("to"));
                let end = event.text("end").unwrap_or("fin");
                let id = event.text("id").unwrap_or_default();
                vec![(self.pick(case, protocol, from, to, end, id), recorded(0))]
            }
            "map" => {
                let protocol = if event.needed("proto") == "tcp" { Protocol::Tcp } else { Protocol::Udp };
                let end = event.text("end").unwrap_or("rst");
                let pairs: Vec<(&str, &str)> = if event.text("from").is_some() {
                    event.list("to").into_iter().map(|to| (event.needed("from"), to)).collect()
                } else {
                    event.list("from").into_iter().map(|from| (from, event.needed("to"))).collect()
                };
                let picks = pairs.into_iter().enumerate();
                picks
                    .map(|(at, (from, to))| (self.pick(case, protocol, from, to, end, ""), recorded(at)))
                    .collect()
            }
            "end" => {
                self.open.remove(event.needed("id")).unwrap().rebind(false);
                Vec::new()
            }
            "ipvsadm" => {
                let code = if self.apply(event.needed("args")) { "exit 0" } else { "exit 255" };
                vec![(code.to_owned(), recorded(0))]
            }
            _ => Vec::new(),
        }
    }
}

#[test]
fn recorded_choices_come_out() {
    let mut wrong = Vec::new();
    let cases = case::folder("schedulers");
    assert!(cases.len() > 70);
    for case in &cases {
        let mut world = World::default();
        for line in &case.config {
            assert!(world.apply(line), "{}: {line}", case.id);
        }
        for (number, event) in case.events.iter().enumerate() {
            for (got, recorded) in world.play(case, event) {
                if got != recorded {
                    wrong.push(format!("{} event {number}: expected {recorded}, got {got}", case.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}
