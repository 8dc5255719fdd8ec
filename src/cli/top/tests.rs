//! Screens of several sizes, and what keys do to them.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::draw::draw;
use super::keys::{Effect, seconds};
use super::model::SHORTEST;
use super::snapshot::Extra;
use super::*;
use lvs::Time;
use lvs::director::{ConnDetail, ConnEntry, ServerEntry, ServiceEntry, StateCount};
use lvs::service::{Endpoint, Forwarding, Protocol, Rates, ServerSpec, ServiceKey, ServiceSpec, Stats};
use lvs_health::report::{ServerReport, ServiceReport};
use std::time::Duration;

const ASCII: Look = Look { colour: false, unicode: false };

pub(super) fn key(port: u16) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, addr: [10, 0, 0, 1].into(), port }
}

fn end(last: u8) -> Endpoint {
    Endpoint::new([10, 1, 0, last].into(), 8080)
}

fn server(last: u8, weight: i32) -> ServerEntry {
    let spec = ServerSpec { weight, ..ServerSpec::new(end(last).addr, 8080, Forwarding::Masq) };
    ServerEntry {
        spec,
        drained: false,
        active_conns: u32::from(last),
        inactive_conns: 10,
        persistent_conns: 0,
        stats: Stats::default(),
        rates: Rates { cps: u64::from(last) * 100, in_bps: 1500, ..Rates::default() },
    }
}

/// Checks of the service of port 80, whose servers are up or not.
fn report(servers: &[(u8, bool)]) -> ServiceReport {
    let servers = servers.iter().map(|(last, up)| ServerReport {
        server: end(*last),
        up: *up,
        since_secs: 1,
        weight: None,
        full_weight: Some(1),
        drained: false,
        share_percent: if *last == 5 { 37 } else { 100 },
        checks: Vec::new(),
    });
    ServiceReport {
        service: key(80),
        up: true,
        weight_up: 1,
        quorum: 1,
        sorry: false,
        servers: servers.collect(),
    }
}

pub(super) fn snapshot(at: u64) -> Snapshot {
    let service = |port, cps, servers| ServiceEntry {
        spec: ServiceSpec::new(key(port), "wrr"),
        stats: Stats::default(),
        rates: Rates { cps, in_pps: 10, ..Rates::default() },
        servers,
    };
    let mut snapshot = Snapshot { at: Time(at), ..Snapshot::default() };
    snapshot.status.director.version = "1.2.3".to_owned();
    snapshot.status.director.pid = 4711;
    snapshot.status.host.follows = true;
    snapshot.status.census.services = 2;
    snapshot.status.census.connections.active = 30;
    snapshot.status.census.rates.cps = 305;
    snapshot.services =
        vec![service(443, 5, vec![server(3, 1)]), service(80, 300, vec![server(1, 2), server(2, 0)])];
    snapshot
}

fn model() -> Model {
    let mut model = Model::new(Level::new(View::Services), Duration::from_secs(1));
    model.see(snapshot(1000));
    model
}

fn press(model: &mut Model, keys: &str) -> Effect {
    let mut effect = Effect::Nothing;
    for char in keys.chars() {
        let code = match char {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\x08' => KeyCode::Backspace,
            '\t' => KeyCode::Tab,
            other => KeyCode::Char(other),
        };
        effect = model.press(KeyEvent::new(code, KeyModifiers::NONE));
    }
    effect
}

fn screen(model: &mut Model, look: Look, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, look)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer
        .content()
        .chunks(usize::from(width))
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// Texts of the first column, from top to bottom.
fn first_column(model: &Model) -> Vec<String> {
    model.grid().rows.iter().map(|row| row.cells[0].shown().to_owned()).collect()
}

#[test]
fn a_screen_of_80_by_24_shows_services_with_rates_and_trends() {
    let mut model = model();
    let mut next = snapshot(2000);
    next.services[1].stats.conns = 400;
    next.status.census.stats.conns = 400;
    model.see(next);
    let shown = screen(&mut model, ASCII, 80, 24);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("400 conns/s  30 active"), "{shown}");
    assert!(lines[1].starts_with("conns/s   400") && lines[1].ends_with("#@"), "{shown}");
    assert!(lines[4].starts_with("services") && lines[4].ends_with("1/2 1s"), "{shown}");
    assert!(lines[5].contains("Conns/sv") && lines[5].contains("State"), "{shown}");
    assert!(lines[6].starts_with("TCP 10.0.0.1:80 ") && lines[6].contains("400"), "{shown}");
    assert!(lines[7].starts_with("TCP 10.0.0.1:443"), "{shown}");
    assert!(lines[23].starts_with("q quit"), "{shown}");
    let wide = screen(&mut model, ASCII, 160, 24);
    assert!(wide.contains("PktOut/s") && wide.contains("conns/s\n"), "{wide}");
}

#[test]
fn small_screens_keep_what_matters() {
    let mut model = model();
    let shown = screen(&mut model, ASCII, 40, 10);
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("305 conns/s  30 active"), "{shown}");
    assert!(lines[2].starts_with("Service") && lines[2].contains("Conns/s"), "{shown}");
    assert!(lines[3].starts_with("TCP 10.0.0.1:80") && lines[3].contains("300"), "{shown}");
    assert!(lines[9].starts_with("q quit"), "{shown}");
    for (width, height) in [(1, 1), (3, 2), (10, 3), (12, 40), (300, 4), (20, 6)] {
        press(&mut model, "?");
        screen(&mut model, ASCII, width, height);
        press(&mut model, "\x1b\n");
        screen(&mut model, ASCII, width, height);
        press(&mut model, "\x1b");
    }
}

#[test]
fn rows_are_opened_from_service_to_connections_and_closed_again() {
    let mut model = model();
    assert_eq!(first_column(&model), ["TCP 10.0.0.1:80", "TCP 10.0.0.1:443"]);
    press(&mut model, "\n");
    assert_eq!(first_column(&model), ["10.1.0.2:8080", "10.1.0.1:8080"], "the fastest first");
    press(&mut model, "j\n");
    let scope = Scope { service: Some(key(80)), server: Some(end(1)), state: None };
    assert_eq!(model.wanted().extra, Extra::Connections(scope.clone()));
    assert!(screen(&mut model, ASCII, 80, 24).contains("\nwaiting\n"));
    let entry = ConnEntry {
        protocol: 6,
        state: "ESTABLISHED".to_owned(),
        expires_in_ms: 61_000,
        client: Endpoint::new([10, 9, 0, 9].into(), 40_000),
        virt: Endpoint::new([10, 0, 0, 1].into(), 80),
        real: end(1),
        local: None,
        from_sync: false,
        engine: None,
    };
    let detail = ConnDetail { entry, method: "Masq".to_owned(), in_packets: 3, is_template: false };
    let extra = Extra::Connections(scope);
    model.see(Snapshot { extra, connections: vec![detail], is_cut: true, ..snapshot(2000) });
    let shown = screen(&mut model, ASCII, 80, 24);
    assert!(shown.contains("services > TCP 10.0.0.1:80 > connections of 10.1.0.1:8080"), "{shown}");
    assert!(shown.contains("first 500") && shown.contains("10.9.0.9:40000"), "{shown}");
    press(&mut model, "\n\x1b");
    let grid = model.grid();
    let place = model.place(&grid).unwrap();
    assert_eq!(grid.rows[place].cells[0].shown(), "10.1.0.1:8080", "the row is still chosen");
    let shown = screen(&mut model, ASCII, 80, 24);
    assert!(!shown.contains("first 500"), "servers are not cut, whatever was asked for last: {shown}");
    press(&mut model, "\x1b\x1b\x1b");
    assert_eq!(model.path(), ["services"]);
}

#[test]
fn states_are_counted_and_lead_to_their_connections() {
    let mut model = model();
    press(&mut model, "s");
    let scope = Scope { service: Some(key(80)), ..Scope::default() };
    assert_eq!(model.wanted().extra, Extra::States(scope.clone()));
    let count = |state: &str, connections| StateCount {
        protocol: 6,
        state: state.to_owned(),
        templates: false,
        connections,
    };
    let states = vec![count("FIN_WAIT", 100), count("ESTABLISHED", 300)];
    model.see(Snapshot { extra: Extra::States(scope.clone()), states, ..snapshot(2000) });
    assert_eq!(first_column(&model), ["ESTABLISHED", "FIN_WAIT"]);
    assert!(screen(&mut model, ASCII, 80, 24).contains("75 %  ###############"));
    press(&mut model, "\n");
    let scope = Scope { state: Some((6, "ESTABLISHED".to_owned())), ..scope };
    assert_eq!(model.wanted().extra, Extra::Connections(scope));
}

#[test]
fn rows_are_sorted_and_filtered_by_keys() {
    let mut model = model();
    press(&mut model, "r");
    assert_eq!(first_column(&model), ["TCP 10.0.0.1:443", "TCP 10.0.0.1:80"]);
    press(&mut model, "<<<<<<<<");
    assert_eq!(model.level().sort, Sort { column: 0, descending: false });
    assert_eq!(first_column(&model), ["TCP 10.0.0.1:80", "TCP 10.0.0.1:443"]);
    press(&mut model, "/443q");
    assert!(screen(&mut model, ASCII, 80, 24).contains("/443q_"), "letters are text here");
    press(&mut model, "\x08\n");
    assert_eq!(first_column(&model), ["TCP 10.0.0.1:443"]);
    press(&mut model, "/x\x1b");
    assert_eq!(model.level().filter, "443", "Esc forgets what was typed");
    press(&mut model, "/x\n");
    assert!(screen(&mut model, ASCII, 80, 24).contains("nothing fits the filter"));
    assert_eq!(press(&mut model, "\n\x1bq"), Effect::Quit);
    assert_eq!(first_column(&model).len(), 2);
    let control = |char| KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
    press(&mut model, "/abc");
    model.press(control('u'));
    assert_eq!(model.level().filter, "");
    assert_eq!(model.press(control('c')), Effect::Quit, "also while typing");
    assert_eq!(model.press(control('z')), Effect::Suspend);
}

#[test]
fn the_chosen_row_stays_chosen_wherever_it_moves() {
    let mut model = model();
    press(&mut model, "j");
    let mut next = snapshot(2000);
    next.services[0].stats.conns = 9000;
    model.see(next);
    assert_eq!(first_column(&model)[0], "TCP 10.0.0.1:443", "it is the fastest now");
    assert_eq!(model.place(&model.grid()), Some(0));
    let mut gone = snapshot(3000);
    gone.services.remove(0);
    model.see(gone);
    assert_eq!(model.place(&model.grid()), Some(0), "another stands in its place");
    model.see(Snapshot { at: Time(4000), ..Snapshot::default() });
    press(&mut model, "jkGg\n");
    assert_eq!(model.place(&model.grid()), None);
    assert!(screen(&mut model, ASCII, 80, 24).contains("no services"));
}

#[test]
fn a_pause_holds_the_picture_but_opens_views() {
    let mut model = model();
    press(&mut model, "p3");
    assert!(model.wanted().is_paused);
    let states = vec![StateCount { protocol: 17, state: "UDP".to_owned(), templates: false, connections: 7 }];
    let mut next = snapshot(2000);
    next.status.census.rates.cps = 999;
    model.see(Snapshot { extra: Extra::States(Scope::default()), states, ..next });
    let shown = screen(&mut model, ASCII, 80, 24);
    assert!(shown.contains("PAUSED") && shown.contains("305 conns/s") && shown.contains("UDP"), "{shown}");
    (0..100).for_each(|_| model.wait());
    assert_eq!(model.silence(), None);
}

#[test]
fn a_director_that_is_gone_or_silent_is_told() {
    let mut model = model();
    model.miss("no director answers at /run/x".to_owned());
    let shown = screen(&mut model, ASCII, 80, 24);
    assert!(shown.contains("trying again: no director answers at /run/x"), "{shown}");
    assert!(shown.contains("TCP 10.0.0.1:80"), "the last snapshot stays");
    model.see(snapshot(2000));
    assert!(!screen(&mut model, ASCII, 80, 24).contains("trying again"));
    (0..9).for_each(|_| model.wait());
    assert!(screen(&mut model, ASCII, 80, 24).contains("silent for 9 s"));
}

#[test]
fn servers_say_how_they_are() {
    let mut drained = server(1, 2);
    drained.drained = true;
    let full = ServerEntry { spec: ServerSpec { upper_threshold: 12, ..server(2, 1).spec }, ..server(2, 1) };
    let mut snapshot = snapshot(1000);
    snapshot.services[1].servers = vec![drained, full, server(4, 0), server(5, 1)];
    snapshot.health = vec![report(&[(1, true), (2, false), (5, true), (9, false)])];
    let mut model = Model::new(Level::new(View::Servers(Some(key(80)))), Duration::from_secs(1));
    model.see(snapshot.clone());
    press(&mut model, "<<<<<<");
    let states: Vec<String> = model.grid().rows.iter().map(|row| row.cells[3].shown().to_owned()).collect();
    assert_eq!(states, ["up drained", "DOWN full", "quiesced", "up warming 37 %", "DOWN taken out"]);
    press(&mut model, "1");
    assert_eq!(model.grid().rows[0].cells[2].shown(), "1/4");
    let services = |health: Vec<ServiceReport>| {
        let mut model = Model::new(Level::new(View::Services), Duration::from_secs(1));
        model.see(Snapshot { health, ..snapshot.clone() });
        model.grid().rows[0].cells[3].shown().to_owned()
    };
    let with = |up, sorry| vec![ServiceReport { up, sorry, ..snapshot.health[0].clone() }];
    assert_eq!(services(with(true, false)), "up");
    assert_eq!(services(with(false, false)), "DOWN");
    assert_eq!(services(with(false, true)), "sorry");
    assert_eq!(services(Vec::new()), "-");
}

#[test]
fn views_turn_and_intervals_stay_within_bounds() {
    let mut model = model();
    let mut titles = Vec::new();
    for _ in 0..4 {
        titles.extend(model.path());
        press(&mut model, "\t");
    }
    assert_eq!(titles, ["services", "servers", "states", "connections"]);
    press(&mut model, "2");
    assert_eq!(model.grid().rows.len(), 3, "servers of all services");
    press(&mut model, "t");
    assert_eq!(model.measure, Measure::Packets);
    press(&mut model, &"-".repeat(20));
    assert_eq!(model.interval, SHORTEST);
    press(&mut model, &"+".repeat(40));
    assert_eq!(model.interval, Duration::from_secs(3600));
    assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
    assert!(["0", "-1", "x", "nan", "1e9", ""].iter().all(|text| seconds(text).is_err()));
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let mut model = model();
    let mut down = snapshot(2000);
    down.services[1].servers.clear();
    model.see(down);
    let colours = |model: &mut Model, look| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, model, look)).unwrap();
        let cells = terminal.backend().buffer().content();
        cells.iter().filter(|cell| cell.fg != ratatui::style::Color::Reset).count()
    };
    assert_eq!(colours(&mut model, ASCII), 0);
    assert!(colours(&mut model, Look { colour: true, unicode: true }) > 10);
}

#[test]
fn text_has_all_columns_and_the_document_its_shape() {
    let mut snapshot = snapshot(1000);
    snapshot.states =
        vec![StateCount { protocol: 6, state: "CLOSE".to_owned(), templates: false, connections: 7 }];
    snapshot.extra = Extra::States(Scope::default());
    snapshot.status.director.config = Some("/etc/tunvs.toml".into());
    snapshot.services.remove(0);
    snapshot.health = vec![report(&[(1, true), (2, true)])];
    let mut model = Model::new(Level::new(View::States(Scope::default())), Duration::from_secs(1));
    model.see(snapshot);
    let mut printed = Vec::new();
    print::json(&model, false, &mut printed).unwrap();
    crate::cli::document::assert_shape("top", std::str::from_utf8(&printed).unwrap());
    let mut line = Vec::new();
    print::json(&model, true, &mut line).unwrap();
    assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
    press(&mut model, "1");
    let mut text = Vec::new();
    print::text(&model, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("tunvs 1.2.3 pid 4711 up 0 s: 2 services"), "{text}");
    assert!(lines[1].ends_with("Out/s") && !text.contains("Trend"), "{text}");
    assert!(lines[2].starts_with("TCP 10.0.0.1:80  wrr          1/2  up "), "{text}");
}

#[test]
fn columns_are_found_by_name() {
    let grid = View::Services.grid(&Snapshot::default(), &History::default(), Measure::default());
    assert_eq!(sort_named(&grid, "active").unwrap(), Sort { column: 4, descending: true });
    assert_eq!(sort_named(&grid, "-Service").unwrap(), Sort { column: 0, descending: true });
    let error = sort_named(&grid, "speed").unwrap_err().to_string();
    assert!(error.contains("no column \"speed\" here; there are Service, Sched"), "{error}");
}
