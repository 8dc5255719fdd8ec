//! The keywords of each block, and what follows them.
//!
//! Knows keepalived 2.4.3, and those before it. A keyword that is not known has no block, as keepalived sees it:
//! a `}` after it ends the block around it.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A kind of block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Block {
    Root,
    GlobalDefs,
    Ssl,
    TrackFile,
    Bfd,
    VirtualServer,
    RealServer,
    TcpCheck,
    HttpCheck,
    Url,
    DnsCheck,
    UdpCheck,
    PingCheck,
    SmtpCheck,
    SmtpHost,
    MiscCheck,
    FileCheck,
    BfdCheck,
}

/// The things that can follow a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Words on its line.
    Words,
    /// A block of lines that begin with no keyword.
    Values,
    Block(Block),
    /// A block that is no business of a director, with whatever is in it.
    Foreign,
}

impl Block {
    const ALL: [Self; 18] = [
        Self::Root,
        Self::GlobalDefs,
        Self::Ssl,
        Self::TrackFile,
        Self::Bfd,
        Self::VirtualServer,
        Self::RealServer,
        Self::TcpCheck,
        Self::HttpCheck,
        Self::Url,
        Self::DnsCheck,
        Self::UdpCheck,
        Self::PingCheck,
        Self::SmtpCheck,
        Self::SmtpHost,
        Self::MiscCheck,
        Self::FileCheck,
        Self::BfdCheck,
    ];

    pub(super) fn follows(self, keyword: &str) -> Option<Follows> {
        let in_words = || WORDS.get(&(self, keyword)).copied();
        match (self, keyword) {
            (Self::Root, "global_defs") => Some(Follows::Block(Self::GlobalDefs)),
            (Self::Root, "SSL") => Some(Follows::Block(Self::Ssl)),
            (Self::Root, "track_file" | "vrrp_track_file") => Some(Follows::Block(Self::TrackFile)),
            (Self::Root, "bfd_instance") => Some(Follows::Block(Self::Bfd)),
            (Self::Root, "virtual_server_group") => Some(Follows::Values),
            (Self::Root, "virtual_server") => Some(Follows::Block(Self::VirtualServer)),
            (Self::GlobalDefs, "notification_email") => Some(Follows::Values),
            (Self::VirtualServer, "real_server") => Some(Follows::Block(Self::RealServer)),
            (Self::RealServer, _) => check(keyword).map(Follows::Block).or_else(in_words),
            (Self::HttpCheck, "url") => Some(Follows::Block(Self::Url)),
            (Self::SmtpCheck, "host") => Some(Follows::Block(Self::SmtpHost)),
            _ => in_words(),
        }
    }

    /// Whether services or servers are lost when it ends too early.
    pub(super) const fn is_of_service(self) -> bool {
        !matches!(self, Self::Root | Self::GlobalDefs | Self::Ssl | Self::TrackFile | Self::Bfd)
    }

    /// Lists of the keywords that are followed by words.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Root => &[ROOT],
            Self::GlobalDefs => &[GLOBAL_DEFS],
            Self::Ssl => &[SSL],
            Self::TrackFile => &[TRACK_FILE],
            Self::Bfd => &[BFD],
            Self::VirtualServer => &[VIRTUAL_SERVER],
            Self::RealServer => &[REAL_SERVER],
            Self::TcpCheck | Self::PingCheck | Self::SmtpHost => &[CHECK, CONNECTION],
            Self::HttpCheck => &[CHECK, CONNECTION, HTTP],
            Self::Url => &[URL],
            Self::DnsCheck => &[CHECK, CONNECTION, DNS],
            Self::UdpCheck => &[CHECK, CONNECTION, UDP],
            Self::SmtpCheck => &[CHECK, CONNECTION, SMTP],
            Self::MiscCheck => &[CHECK, MISC],
            Self::FileCheck => &[FILE],
            Self::BfdCheck => &[BFD_CHECK],
        }
    }

    /// All keywords, for the nearest to one that is not known.
    pub(super) fn known(self) -> impl Iterator<Item = &'static str> {
        let blocks = match self {
            Self::Root => BLOCKS,
            Self::VirtualServer => "real_server",
            Self::RealServer => CHECKS,
            Self::HttpCheck => "url",
            Self::SmtpCheck => "host",
            _ => "",
        };
        self.words().iter().copied().chain([blocks]).flat_map(|words| words.split_ascii_whitespace())
    }
}

/// Keywords that are followed by words, or skipped. A large file asks a million times.
static WORDS: LazyLock<HashMap<(Block, &str), Follows>> = LazyLock::new(|| {
    let words = |block: Block| block.words().iter().flat_map(|words| words.split_ascii_whitespace());
    let all = Block::ALL.into_iter().flat_map(|block| words(block).map(move |word| (block, word)));
    let foreign = FOREIGN.split_ascii_whitespace().map(|word| ((Block::Root, word), Follows::Foreign));
    all.map(|key| (key, Follows::Words)).chain(foreign).collect()
});

pub(super) fn check(keyword: &str) -> Option<Block> {
    Some(match keyword {
        "TCP_CHECK" => Block::TcpCheck,
        "HTTP_GET" | "SSL_GET" => Block::HttpCheck,
        "DNS_CHECK" => Block::DnsCheck,
        "UDP_CHECK" => Block::UdpCheck,
        "PING_CHECK" => Block::PingCheck,
        "SMTP_CHECK" => Block::SmtpCheck,
        "MISC_CHECK" => Block::MiscCheck,
        "FILE_CHECK" => Block::FileCheck,
        "BFD_CHECK" => Block::BfdCheck,
        _ => return None,
    })
}

const CHECKS: &str = "
    TCP_CHECK HTTP_GET SSL_GET DNS_CHECK UDP_CHECK PING_CHECK SMTP_CHECK MISC_CHECK FILE_CHECK BFD_CHECK";

const BLOCKS: &str = "global_defs virtual_server virtual_server_group vrrp_instance vrrp_script";

/// Blocks of VRRP.
const FOREIGN: &str = "
    vrrp_instance vrrp_sync_group vrrp_script vrrp_track_process track_group static_ipaddress static_routes
    static_rules garp_group linkbeat_interfaces interface_up_down_delays";

const ROOT: &str = "
    linkbeat_use_polling net_namespace net_namespace_ipvs namespace_with_ipsets use_pid_dir instance
    child_wait_time";

const SSL: &str = "password ca certificate key";

const TRACK_FILE: &str = "file weight init_file";

const BFD: &str = "
    source_ip neighbor_ip neighbour_ip min_rx min_tx idle_tx multiplier passive ttl hoplimit max_hops multihop
    weight";

const VIRTUAL_SERVER: &str = "
    ip_family retry delay_before_retry warmup connect_timeout delay_loop inhibit_on_failure lb_algo lvs_sched
    hashed ops flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback lb_kind lvs_method
    persistence_engine persistence_timeout persistence_granularity protocol ha_suspend smtp_alert virtualhost
    snmp_name alpha omega quorum_up quorum_down quorum hysteresis weight sorry_server sorry_server_inhibit
    sorry_server_lvs_method";

const REAL_SERVER: &str = "
    weight lvs_method uthreshold lthreshold inhibit_on_failure notify_up notify_down alpha retry
    delay_before_retry warmup connect_timeout delay_loop smtp_alert virtualhost snmp_name";

const CHECK: &str = "retry delay_before_retry warmup delay_loop alpha log_all_failures";

const CONNECTION: &str = "connect_ip connect_port bindto bind_port bind_if connect_timeout fwmark";

const HTTP: &str = "
    nb_get_retry virtualhost http_protocol enable_sni sni_name tls_compliant fast_recovery";

const URL: &str = "
    path digest status_code virtualhost regex regex_no_match regex_options regex_min_offset regex_max_offset
    regex_stack tls_compliant";

const DNS: &str = "type name";

const UDP: &str = "payload require_reply min_reply_length max_reply_length";

const SMTP: &str = "helo_name";

const MISC: &str = "misc_path misc_timeout misc_dynamic user";

const FILE: &str = "track_file weight";

const BFD_CHECK: &str = "name alpha";

const GLOBAL_DEFS: &str = "
    process_names process_name vrrp_process_name checker_process_name lvs_process_name bfd_process_name
    router_id notification_email_from smtp_server smtp_helo_name smtp_connect_timeout smtp_alert startup_script
    startup_script_timeout shutdown_script shutdown_script_timeout max_auto_priority min_auto_priority_delay
    smtp_alert_vrrp smtp_alert_checker checker_log_all_failures dynamic_interfaces no_email_faults
    default_interface disable_local_igmp lvs_timeouts lvs_flush lvs_flush_on_stop lvs_flush_onstop
    lvs_sync_daemon vrrp_mcast_group4 vrrp_mcast_group6 vrrp_garp_master_delay vrrp_garp_master_repeat
    vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_garp_lower_prio_delay
    vrrp_garp_lower_prio_repeat vrrp_down_timer_adverts vrrp_garp_interval vrrp_gna_interval vrrp_min_garp
    vrrp_garp_extra_if vrrp_vmac_garp_intvl vrrp_lower_prio_no_advert vrrp_higher_prio_send_advert vrrp_version
    vrrp_iptables vrrp_ipsets nftables nftables_priority nftables_ifindex nftables_ipvs nftables_ipvs_priority
    nftables_ipvs_start_fwmark nftables_counters vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict
    vrrp_priority vrrp_no_swap vrrp_rt_priority vrrp_cpu_affinity vrrp_rlimit_rttime vrrp_rlimit_rtime
    notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script vrrp_notify_priority_changes
    fifo_write_vrrp_states_on_reload lvs_notify_fifo lvs_notify_fifo_script checker_priority checker_no_swap
    checker_rt_priority checker_cpu_affinity checker_rlimit_rttime checker_rlimit_rtime bfd_priority
    bfd_no_swap bfd_rt_priority bfd_cpu_affinity bfd_rlimit_rttime bfd_rlimit_rtime snmp_socket enable_traps
    enable_snmp_vrrp enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3
    enable_snmp_checker enable_dbus dbus_service_name script_user enable_script_security
    vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs
    vrrp_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs process_monitor_rcv_bufs_force
    lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs
    lvs_netlink_monitor_rcv_bufs_force rs_init_notifies no_checker_emails vrrp_rx_bufs_policy
    vrrp_rx_bufs_multiplier vrrp_startup_delay log_unknown_vrids vmac_prefix vmac_addr_prefix umask random_seed
    reload_check_config reload_time_file reload_repeat reload_file include_check config_save_dir
    tmp_config_directory data_use_instance use_symlink_paths v3_checksum_as_v2 vrrp_delay_after_boot
    vrrp_owner_ignore_adverts snmp_vs_stats_update_interval snmp_rs_stats_update_interval dbus_no_interface_name
    json_version iproute_usr_dir iproute_etc_dir state_dump_file stats_dump_file json_dump_file";
