//! The classic tool against the director in memory: commands, and listings without headings, white space squeezed.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ipvsadm::{Applied, Backend, ConnParts, Moment, NoNames, Session, Source, Tool};
use lvs::director::{Command, CommandError, Query, Reply};

/// The director at one moment, on a host with three links.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a>(pub(crate) Moment<'a>);

impl Source for Listing<'_> {
    type Error = Infallible;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Infallible> {
        self.0.query(query)
    }

    fn connections(&mut self) -> Result<ConnParts<'_, Infallible>, Infallible> {
        self.0.connections()
    }
}

impl Backend for Listing<'_> {
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, Infallible> {
        let resolved = |command: &Command| match command {
            Command::StartDaemon(spec) => Command::StartDaemon(spec.resolved(1500)),
            other => other.clone(),
        };
        let apply = |command: &Command| match command {
            Command::StartDaemon(spec) if !["eth1", "eth2", "lo"].contains(&spec.interface.as_str()) => {
                Err(CommandError::NoSuchInterface(spec.interface.clone()))
            }
            command => self.0.director.apply(&resolved(command), self.0.now),
        };
        let results = commands.iter().map(apply).collect();
        Ok(Applied { results, warnings: Vec::new() })
    }
}

impl Listing<'_> {
    /// Runs ipvsadm: its status and what it printed.
    pub(crate) fn ipvsadm(mut self, args: &str, input: &str) -> (u8, String) {
        let words = std::iter::once("ipvsadm").chain(args.split_whitespace());
        let words: Vec<Vec<u8>> = words.map(|word| word.as_bytes().to_vec()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut session =
            Session { backend: &mut self, names: &NoNames, out: &mut out, err: &mut err, warns: false };
        let status = Tool::Ipvsadm.run(&words, &mut session, &mut input.as_bytes()).unwrap();
        (status, String::from_utf8([out, err].concat()).unwrap())
    }

    pub(crate) fn lines(self, args: &str) -> Vec<String> {
        let (status, text) = self.ipvsadm(args, "");
        if status != 0 {
            return vec![format!("exit {status}: {}", text.trim())];
        }
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    pub(crate) fn services(self) -> Vec<String> {
        without_headings(self.lines("-Ln"))
    }

    pub(crate) fn stats(self) -> Vec<String> {
        without_headings(self.lines("-Ln --stats --exact"))
    }

    /// `active+inactive` of each server, by its name.
    pub(crate) fn counts(self) -> BTreeMap<String, String> {
        let count = |line: String| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0] == "->").then(|| (words[1].to_owned(), format!("{}+{}", words[4], words[5])))
        };
        self.services().into_iter().filter_map(count).collect()
    }

    /// Connections: protocol, seconds left (rounded to 5), state, source, virtual, destination.
    pub(crate) fn conns(self) -> Vec<String> {
        let mut lines: Vec<(Vec<String>, String)> =
            self.lines("-Lcn").iter().skip(2).map(|line| conn(line)).collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn conn(line: &str) -> (Vec<String>, String) {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let (minutes, secs) = words[1].split_once(':').unwrap();
    let secs = minutes.parse::<u64>().unwrap() * 60 + secs.parse::<u64>().unwrap();
    words[1] = ((secs + 2) / 5 * 5).to_string();
    (words[3..].to_vec(), words.join(" "))
}

fn without_headings(mut lines: Vec<String>) -> Vec<String> {
    lines.retain(|line| {
        !["IP Virtual", "Prot ", "-> RemoteAddress"].iter().any(|head| line.starts_with(head))
    });
    lines
}
