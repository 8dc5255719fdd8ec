//! The terminal: keys, signals and snapshots come in, the model is drawn, and at the end everything is as it was.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, raise};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::draw::draw;
use super::error::TopError;
use super::input::Input;
use super::keys::Effect;
use super::look::Look;
use super::model::Model;
use super::poll::{self, Asker};

/// Shows the model until the reader has seen enough.
pub(super) fn run(mut model: Model, path: PathBuf, look: Look) -> Result<(), TopError> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(TopError::NoTerminal);
    }
    if std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        return Err(TopError::DumbTerminal);
    }
    // A director that is not there, or not for us, is said before the screen is taken.
    let mut asker = Asker::new(path);
    model.see(asker.ask(&model.wanted().extra)?);
    let (inputs, arriving) = mpsc::channel();
    let (wishes, wanted) = mpsc::channel();
    let mut wish = model.wanted();
    watch_signals(inputs.clone()).map_err(TopError::Terminal)?;
    let mut screen = Screen::open().map_err(TopError::Terminal)?;
    poll::start(asker, wish.clone(), wanted, inputs.clone()).map_err(TopError::Terminal)?;
    watch_keys(inputs).map_err(TopError::Terminal)?;
    loop {
        screen.terminal.draw(|frame| draw(frame, &mut model, look)).map_err(TopError::Terminal)?;
        let mut next = match arriving.recv_timeout(Duration::from_secs(1)) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => {
                model.wait();
                None
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // What came together is drawn once.
        while let Some(input) = next {
            match input {
                Input::Key(key) => match model.press(key) {
                    Effect::Nothing => {}
                    Effect::Quit => return Ok(()),
                    Effect::Suspend => screen.suspend().map_err(TopError::Terminal)?,
                },
                Input::Resized => {}
                Input::Snapshot(snapshot) => model.see(*snapshot),
                Input::Lost(why) => model.miss(why),
                Input::Quit => return Ok(()),
            }
            next = arriving.try_recv().ok();
        }
        let changed = model.wanted();
        if changed != wish {
            wish = changed;
            if wishes.send(wish.clone()).is_err() {
                return Ok(());
            }
        }
    }
}

/// The terminal while it is ours; given back however we end, also by a panic.
struct Screen {
    terminal: DefaultTerminal,
}

impl Screen {
    fn open() -> io::Result<Self> {
        Ok(Self { terminal: ratatui::try_init()? })
    }

    /// Stops as Ctrl-Z stops other programs, and goes on when the shell says so.
    fn suspend(&mut self) -> io::Result<()> {
        self.terminal.show_cursor()?;
        ratatui::try_restore()?;
        raise(Signal::SIGTSTP)?;
        // A new one, which takes the screen to be empty: `Terminal::clear` would ask where the cursor is, and the
        // thread that reads keys would take the answer.
        self.terminal = ratatui::try_init()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.terminal.show_cursor();
        let _ = ratatui::try_restore();
    }
}

fn watch_keys(inputs: Sender<Input>) -> io::Result<()> {
    let read = move || {
        loop {
            let input = match event::read() {
                Ok(Event::Key(key)) => Input::Key(key),
                Ok(Event::Resize(..)) => Input::Resized,
                Ok(_) => continue,
                Err(_) => Input::Quit,
            };
            let is_last = matches!(input, Input::Quit);
            if inputs.send(input).is_err() || is_last {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read).map(drop)
}

fn watch_signals(inputs: Sender<Input>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let wait = move || {
        if signals.forever().next().is_some() {
            let _ = inputs.send(Input::Quit);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}
