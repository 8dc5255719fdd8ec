//! From the services that are there to the ones that are wanted, without touching what is the same in both.

use std::collections::HashSet;

use super::{CommandError, DeclaredService, Endpoint, ServiceKey, ServiceTable};

/// Makes the table hold exactly `wanted`. Services and servers that stay keep their counters and connections,
/// and their places in the lists; new servers come to the head in the order given.
///
/// `sync_daemon_runs`: servers of another family are refused then.
///
/// # Errors
/// Something wanted is wrong or there twice; nothing has changed then.
pub fn reconcile(
    table: &mut ServiceTable,
    wanted: &[DeclaredService],
    sync_daemon_runs: bool,
) -> Result<(), CommandError> {
    try_out(wanted, sync_daemon_runs)?;
    let keys: HashSet<ServiceKey> = wanted.iter().map(|service| service.spec.key).collect();
    let gone: Vec<ServiceKey> =
        table.iter().map(|service| service.spec().key).filter(|key| !keys.contains(key)).collect();
    for key in gone {
        table.delete_service(&key)?;
    }
    for service in wanted {
        declare(table, service, sync_daemon_runs)?;
    }
    Ok(())
}

/// Declares everything in a table of its own.
fn try_out(wanted: &[DeclaredService], sync_daemon_runs: bool) -> Result<(), CommandError> {
    let mut trial = ServiceTable::default();
    for service in wanted {
        trial.add_service(service.spec.clone())?;
        for server in &service.servers {
            trial.add_server(&service.spec.key, server, sync_daemon_runs)?;
        }
    }
    Ok(())
}

fn declare(
    table: &mut ServiceTable,
    wanted: &DeclaredService,
    sync_daemon_runs: bool,
) -> Result<(), CommandError> {
    let key = wanted.spec.key;
    let Some(present) = table.get(&key) else {
        table.add_service(wanted.spec.clone())?;
        for server in &wanted.servers {
            table.add_server(&key, server, sync_daemon_runs)?;
        }
        return Ok(());
    };
    let is_edited = *present.spec() != wanted.spec;
    let endpoints: HashSet<Endpoint> = wanted.servers.iter().map(|server| server.endpoint()).collect();
    let gone: Vec<Endpoint> = present
        .servers()
        .iter()
        .map(|server| server.endpoint())
        .filter(|endpoint| !endpoints.contains(endpoint))
        .collect();
    if is_edited {
        table.edit_between(wanted.spec.clone())?;
    }
    for endpoint in gone {
        table.delete_server(&key, endpoint.addr, endpoint.port)?;
    }
    for server in &wanted.servers {
        let present = table.get(&key).and_then(|service| service.server(server.addr, server.port));
        match present.map(|present| present.spec()) {
            None => table.add_server(&key, server, sync_daemon_runs)?,
            Some(spec) if spec != *server => table.edit_server(&key, server, sync_daemon_runs)?,
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::*;
    use crate::service::{Forwarding, Protocol, RealServer, ServerSpec, ServiceSpec};

    const KEY: ServiceKey = ServiceKey::Address {
        protocol: Protocol::Tcp,
        addr: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
        port: 80,
    };

    fn declared(scheduler: &str, servers: &[(u8, i32)]) -> DeclaredService {
        let servers = servers.iter().map(|(last, weight)| ServerSpec {
            weight: *weight,
            ..ServerSpec::new(IpAddr::from([10, 1, 0, *last]), 80, Forwarding::Masq)
        });
        DeclaredService { spec: ServiceSpec::new(KEY, scheduler), servers: servers.collect() }
    }

    fn servers(table: &ServiceTable) -> Vec<Arc<RealServer>> {
        table.get(&KEY).unwrap().servers().to_vec()
    }

    #[test]
    fn what_stays_is_the_same_object_in_the_same_place() {
        let mut table = ServiceTable::default();
        reconcile(&mut table, &[declared("rr", &[(1, 1), (2, 1), (3, 1)])], false).unwrap();
        let before = servers(&table);
        before[0].counters().count_conn();
        reconcile(&mut table, &[declared("wlc", &[(3, 7), (4, 1), (1, 1)])], false).unwrap();
        let after = servers(&table);
        assert_eq!(after.iter().map(|server| server.weight()).collect::<Vec<_>>(), [1, 7, 1]);
        assert!(Arc::ptr_eq(&after[1], &before[0]) && Arc::ptr_eq(&after[2], &before[2]));
        assert_eq!(table.get(&KEY).unwrap().stats().conns, 1);
        assert!(!before[1].is_available());
    }

    #[test]
    fn a_wrong_declaration_changes_nothing() {
        let mut table = ServiceTable::default();
        reconcile(&mut table, &[declared("rr", &[(1, 1)])], false).unwrap();
        for wrong in [
            vec![declared("lc", &[(1, 1), (1, 2)])],
            vec![declared("lc", &[(1, -1)])],
            vec![declared("nosuch", &[])],
            vec![declared("lc", &[]), declared("lc", &[])],
        ] {
            reconcile(&mut table, &wrong, false).unwrap_err();
            assert_eq!(table.get(&KEY).unwrap().spec().scheduler, "rr");
            assert_eq!(servers(&table).len(), 1);
        }
    }
}
