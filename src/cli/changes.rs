//! `tunvs reload` and `tunvs diff`: what differs between the configuration file and the director.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{DiffArgs, ReloadArgs};
use ipvsadm::tables;
use lvs::director::{CommandError, Query, Reply, Tables};
use lvs_config::ConfigError;
use lvs_control::reload::as_said;
use lvs_control::{Client, ClientError, ReloadRefusal, ReloadRequest, Reloaded, Snapshot, socket_path};

#[derive(Debug, thiserror::Error)]
pub(super) enum ChangesError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Reload(#[from] ReloadRefusal),
    #[error(transparent)]
    Refused(#[from] CommandError),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
}

/// Makes the director read its file again, and prints what that changes.
pub(super) fn reload(args: &ReloadArgs, out: &mut dyn Write) -> Result<(), ChangesError> {
    let request = if args.reconcile {
        ReloadRequest::Reconcile { dry_run: args.dry_run }
    } else {
        ReloadRequest::Follow { dry_run: args.dry_run }
    };
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let reloaded = client.reload(request)??;
    if args.json {
        return Ok(json(&reloaded, out)?);
    }
    for warning in &reloaded.warnings {
        writeln!(out, "{warning}")?;
    }
    write(&reloaded, out)?;
    let would = if args.dry_run { " would change" } else { " changed" };
    let what = match reloaded.changes() {
        0 => "nothing".to_owned(),
        1 => "1 thing".to_owned(),
        many => format!("{many} things"),
    };
    Ok(writeln!(out, "{}: {what}{would}", reloaded.file)?)
}

/// Prints how what is there differs from a file, or from what the director read last. True: it does.
pub(super) fn diff(args: &DiffArgs, out: &mut dyn Write) -> Result<bool, ChangesError> {
    let mut client = Client::connect(&socket_path(args.socket.socket.as_deref()))?;
    let compared = match &args.file {
        None => client.reload(ReloadRequest::Compare)??,
        Some(file) => {
            let declared = args.language.source(file).load()?.declared;
            let tables =
                Tables::present(|query| -> Result<Reply, ChangesError> { Ok(client.query(query)??) })?;
            let mut sysctls = declared.sysctls.clone();
            for (name, value) in &mut sysctls {
                if let Reply::Sysctls(entries) = client.query(Query::Sysctls(Some(name.clone())))?? {
                    for entry in entries {
                        *value = as_said(name, entry.value, Some(value));
                    }
                }
            }
            let after = Snapshot { tables, sysctls };
            let before = Snapshot { tables: declared.tables(), sysctls: declared.sysctls }.completed(&after);
            Reloaded { file: file.display().to_string(), before, after, ..Reloaded::default() }
        }
    };
    if args.json {
        json(&compared, out)?;
    } else {
        write(&compared, out)?;
    }
    Ok(compared.changes() > 0)
}

/// Writes what goes with `-`, what comes with `+`.
fn write(reloaded: &Reloaded, out: &mut dyn Write) -> io::Result<()> {
    tables::write_difference(out, &reloaded.before.tables, &reloaded.after.tables)?;
    let (before, after) = (&reloaded.before.sysctls, &reloaded.after.sysctls);
    for (sign, these, others) in [('-', before, after), ('+', after, before)] {
        for (name, value) in these.iter().filter(|(name, value)| others.get(*name) != Some(value)) {
            writeln!(out, "{sign} net.ipv4.vs.{name} = {value}")?;
        }
    }
    for service in &reloaded.checks {
        writeln!(out, "~ checks of {service}")?;
    }
    for line in &reloaded.exporters {
        writeln!(out, "~ {line}")?;
    }
    Ok(())
}

/// As `docs/json.md` shows it.
#[derive(Serialize)]
struct Changes<'a> {
    file: &'a str,
    changes: usize,
    removed: Vec<String>,
    added: Vec<String>,
    checks: &'a [String],
    #[serde(rename = "watching")]
    exporters: &'a [String],
    warnings: &'a [String],
}

fn json(reloaded: &Reloaded, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    let without_checks = Reloaded { checks: Vec::new(), ..reloaded.clone() };
    write(&without_checks, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let of =
        |sign: &str| text.lines().filter_map(|line| line.strip_prefix(sign)).map(str::to_owned).collect();
    let changes = Changes {
        file: &reloaded.file,
        changes: reloaded.changes(),
        removed: of("- "),
        added: of("+ "),
        checks: &reloaded.checks,
        exporters: &reloaded.exporters,
        warnings: &reloaded.warnings,
    };
    serde_json::to_writer(&mut *out, &changes)?;
    writeln!(out)
}
