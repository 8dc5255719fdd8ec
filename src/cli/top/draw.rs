//! The model as characters on a screen of any size. Pure: draws into a buffer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell as TableCell, Clear, Paragraph, Row as TableRow, Table, TableState};

use super::grid::{Cell, Grid, Tone, shortened};
use super::look::Look;
use super::model::Model;
use super::rates::Measure;
use super::snapshot::{MOST, Snapshot};
use crate::cli::units::{bytes, duration, number};

pub(super) const HELP: &str = "\
Up Down PgUp PgDn  choose a row (also j k, g G)
Enter              service: its servers; server: its connections
Esc Backspace      drop the filter, then go back
1 2 3 4  Tab       services, servers, states, connections
c  s               connections, or states, of the chosen row
/                  filter: rows with this text; Enter keeps it
< >  Left Right    sort by another column
r                  the other way round
t                  trend of conns/s, packets/s or bytes/s
p  Space           pause
+ -                look half, or twice, as often
? h                this help
q  Ctrl-C          quit

Rates are those between the last two looks, packets and bytes
each way: In from clients, Out from servers. Servers that answer
clients themselves (direct routing, tunnels) show no Out.";

/// Lines of the head on a screen of that height.
const fn head_lines(height: u16) -> u16 {
    match height {
        0..=5 => 0,
        6..=14 => 1,
        15..=19 => 2,
        _ => 4,
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &mut Model, look: Look) {
    let area = frame.area();
    let [head, crumbs, table, foot] = Layout::vertical([
        Constraint::Length(head_lines(area.height)),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(u16::from(area.height > 3)),
    ])
    .areas(area);
    model.page = usize::from(table.height.saturating_sub(1)).max(1);
    let grid = model.grid();
    frame.render_widget(Paragraph::new(head_of(model, look, head)), head);
    frame.render_widget(Paragraph::new(crumbs_of(model, &grid, look, crumbs.width)), crumbs);
    draw_grid(frame, table, model, &grid, look);
    frame.render_widget(Paragraph::new(foot_of(model, look)), foot);
    if let Some(top) = model.help {
        draw_help(frame, area, top);
    }
}

fn head_of(model: &Model, look: Look, area: Rect) -> Vec<Line<'static>> {
    let Some(snapshot) = &model.snapshot else { return vec![Line::raw("tunvs top")] };
    let width = usize::from(area.width);
    let mut lines = vec![Line::styled(summary(snapshot, width), Style::new().add_modifier(Modifier::BOLD))];
    let (service, rates) = match model.level().view.service() {
        Some(key) => {
            (Some(key), snapshot.service(key).map_or_else(Default::default, |service| service.rates))
        }
        None => (None, snapshot.status.census.rates),
    };
    let measures: &[Measure] = if area.height >= 4 { &Measure::ALL } else { &[model.measure] };
    for measure in measures {
        let amount = match measure {
            Measure::Conns => number(rates.cps),
            Measure::Packets => format!("{} in {} out", number(rates.in_pps), number(rates.out_pps)),
            Measure::Bytes => format!("{} in {} out", bytes(rates.in_bps), bytes(rates.out_bps)),
        };
        let text = format!("{:<10}{amount:<22} ", measure.name());
        let room = width.saturating_sub(text.chars().count());
        let bars = look.bars(&model.history.of(service, *measure), room);
        lines.push(Line::from(vec![Span::raw(text), Span::styled(bars, look.accent())]));
    }
    lines.truncate(usize::from(area.height));
    lines
}

/// As many of these as there is room for, the most telling first.
fn summary(snapshot: &Snapshot, width: usize) -> String {
    let (director, census) = (&snapshot.status.director, &snapshot.status.census);
    let (servers, conns) = (census.servers, census.connections);
    let mut parts = vec![
        format!("{} conns/s", number(census.rates.cps)),
        format!("{} active", number(conns.active)),
        format!("{} of {} connections", number(conns.tracked), number(conns.limit)),
        format!("{} services, {} servers", census.services, servers.total),
        format!("up {}", duration(director.uptime)),
        format!("tunvs {} pid {}", director.version, director.pid),
    ];
    let drops: u64 = snapshot.status.drops.values().sum();
    if drops > 0 {
        parts.push(format!("{} drops", number(drops)));
    }
    if !snapshot.status.host.follows {
        parts.insert(1, "HOST DOES NOT FOLLOW".to_owned());
    }
    let mut text = String::new();
    for part in parts {
        let sep = if text.is_empty() { "" } else { "  " };
        if text.chars().count() + sep.len() + part.chars().count() > width {
            break;
        }
        text.push_str(sep);
        text.push_str(&part);
    }
    text
}

fn crumbs_of(model: &Model, grid: &Grid, look: Look, width: u16) -> Line<'static> {
    let level = model.level();
    let mut notes = String::new();
    if model.is_paused {
        notes.push_str(" PAUSED");
    }
    // A view that was left a moment ago may have been cut, this one is not.
    let extra = level.view.extra();
    if model.snapshot.as_ref().is_some_and(|snapshot| snapshot.is_cut && snapshot.extra == extra) {
        notes.push_str(&format!(" first {MOST}"));
    }
    notes.push_str(&format!(" {} rows", grid.rows.len()));
    if let Some(place) = model.place(grid) {
        notes = format!(
            " {}/{}{}",
            place + 1,
            grid.rows.len(),
            notes.replace(&format!(" {} rows", grid.rows.len()), "")
        );
    }
    let every = model.interval.as_secs_f64();
    notes.push_str(&format!(" {every}s"));
    if !level.filter.is_empty() || model.typing.is_some() {
        let cursor = if model.typing.is_some() { "_" } else { "" };
        notes = format!(" /{}{cursor}{notes}", level.filter);
    }
    let room = usize::from(width).saturating_sub(notes.chars().count());
    let path = shortened(&model.path().join(" > "), room, look.ellipsis());
    let gap = " ".repeat(room.saturating_sub(path.chars().count()));
    Line::from(vec![Span::styled(path, look.accent().add_modifier(Modifier::BOLD)), Span::raw(gap + &notes)])
}

fn draw_grid(frame: &mut Frame<'_>, area: Rect, model: &Model, grid: &Grid, look: Look) {
    if grid.rows.is_empty() {
        frame.render_widget(Paragraph::new(grid.empty), area);
        return;
    }
    let sort = model.level().sort;
    let fitted = grid.fit(usize::from(area.width));
    let aligned = |text: String, right: bool| {
        if right { Line::raw(text).right_aligned() } else { Line::raw(text) }
    };
    let header = fitted.iter().map(|fitted| {
        let column = &grid.columns[fitted.column];
        let mark = match (sort.column == fitted.column, sort.descending, look.unicode) {
            (false, ..) => "",
            (true, true, true) => "▼",
            (true, false, true) => "▲",
            (true, true, false) => "v",
            (true, false, false) => "^",
        };
        let title = if column.grows { model.measure.name() } else { column.title };
        TableCell::from(aligned(format!("{title}{mark}"), column.right))
    });
    let header = TableRow::new(header).style(look.accent().add_modifier(Modifier::UNDERLINED));
    // Rows out of sight are not laid out: there may be thousands.
    let place = model.place(grid).unwrap_or_default();
    let seen = usize::from(area.height.saturating_sub(1)).max(1);
    let first = first_seen(place, grid.rows.len(), seen);
    let rows = grid.rows.iter().skip(first).take(seen).map(|row| {
        let cells = fitted.iter().map(|fitted| {
            let column = &grid.columns[fitted.column];
            let text = match row.cells.get(fitted.column) {
                Some(Cell::Trend(values)) => look.bars(values, fitted.width),
                Some(cell) => shortened(cell.shown(), fitted.width, look.ellipsis()),
                None => String::new(),
            };
            TableCell::from(aligned(text, column.right))
        });
        TableRow::new(cells).style(look.tone(row.tone))
    });
    let widths =
        fitted.iter().map(|fitted| Constraint::Length(u16::try_from(fitted.width).unwrap_or(u16::MAX)));
    let table = Table::new(rows, widths)
        .header(header)
        .column_spacing(2)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(Some(place - first));
    frame.render_stateful_widget(table, area, &mut state);
}

/// The row on top: pages that stand still while the reader moves within them.
const fn first_seen(place: usize, rows: usize, seen: usize) -> usize {
    let first = place / seen * seen;
    let last = rows.saturating_sub(seen);
    if first < last { first } else { last }
}

fn foot_of(model: &Model, look: Look) -> Line<'static> {
    if let Some(lost) = &model.lost {
        return Line::styled(format!("trying again: {lost}"), look.tone(Tone::Bad));
    }
    if let Some(seconds) = model.silence() {
        return Line::styled(format!("the director has been silent for {seconds} s"), look.tone(Tone::Bad));
    }
    if model.typing.is_some() {
        return Line::raw("Enter keep  Esc forget  Ctrl-U clear");
    }
    Line::styled(
        "q quit  ? help  / filter  < > sort  Enter open  Esc back  p pause  1-4 views",
        Style::new().add_modifier(Modifier::DIM),
    )
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, top: u16) {
    let longest = HELP.lines().map(str::len).max().unwrap_or_default();
    let width = area.width.min(u16::try_from(longest + 4).unwrap_or(u16::MAX));
    let lines = u16::try_from(HELP.lines().count()).unwrap_or(u16::MAX);
    let height = area.height.min(lines + 2);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let top = top.min(lines.saturating_sub(height.saturating_sub(2)));
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(" help: any key closes ");
    frame.render_widget(Paragraph::new(HELP).scroll((top, 0)).block(block), place);
}
