package image

import (
	"golang.org/x/sys/unix"
)

// linkTable are the attributes of a link (enum in linux/if_link.h). What is not
// in a table is shown by its number, so that nothing is missed that a newer
// kernel adds.
var linkTable = table{
	unix.IFLA_ADDRESS:         {"mac", mac, Portable},
	unix.IFLA_BROADCAST:       {"broadcast", mac, 0},
	unix.IFLA_IFNAME:          {"name", text, always},
	unix.IFLA_MTU:             {"mtu", num, 0},
	unix.IFLA_LINK:            {"parent", num, always}, // shown with the namespace it is in
	unix.IFLA_QDISC:           {"qdisc", text, settings},
	unix.IFLA_STATS:           {"stats", hexed, always},
	unix.IFLA_MASTER:          {"master", linkName, 0},
	unix.IFLA_PROTINFO:        {"port", nest(portTable), 0},
	unix.IFLA_TXQLEN:          {"txqlen", num, 0},
	unix.IFLA_MAP:             {"map", hexed, Portable},
	unix.IFLA_OPERSTATE:       {"operstate", num, settings},
	unix.IFLA_LINKMODE:        {"linkmode", num, 0},
	unix.IFLA_IFALIAS:         {"alias", text, 0},
	unix.IFLA_STATS64:         {"stats64", hexed, always},
	unix.IFLA_GROUP:           {"group", num, 0},
	unix.IFLA_PROMISCUITY:     {"promiscuity", num, settings},
	unix.IFLA_NUM_TX_QUEUES:   {"tx_queues", num, Portable},
	unix.IFLA_NUM_RX_QUEUES:   {"rx_queues", num, Portable},
	unix.IFLA_CARRIER:         {"carrier", num, settings},
	unix.IFLA_CARRIER_CHANGES: {"carrier_changes", num, always},
	unix.IFLA_LINK_NETNSID:    {"netnsid", num, always},
	unix.IFLA_PROTO_DOWN:      {"proto_down", num, 0},
	unix.IFLA_GSO_MAX_SEGS:    {"gso_max_segs", num, Portable},
	unix.IFLA_GSO_MAX_SIZE:    {"gso_max_size", num, Portable},
	unix.IFLA_XDP:             {"xdp", hexed, 0},
	unix.IFLA_EVENT:           {"event", num, always},
	47:                        {"carrier_up", num, always},
	48:                        {"carrier_down", num, always},
	50:                        {"min_mtu", num, Portable},
	51:                        {"max_mtu", num, Portable},
	52:                        {"altnames", nest(table{53: {"name", text, 0}}), 0},
	54:                        {"perm_address", mac, Portable},
	58:                        {"gro_max_size", num, Portable},
	59:                        {"tso_max_size", num, Portable | settings},
	60:                        {"tso_max_segs", num, Portable | settings},
	61:                        {"allmulti", num, settings},
	63:                        {"gso_ipv4_max_size", num, Portable},
	64:                        {"gro_ipv4_max_size", num, Portable},
	66:                        {"pacing_horizon", num, Portable},
	67:                        {"netns_immutable", num, 0},
	68:                        {"headroom", num, Portable | settings},
	69:                        {"tailroom", num, Portable | settings},
}

// inet6Table are the attributes of a link for IPv6 (IFLA_AF_SPEC, AF_INET6).
var inet6Table = table{
	unix.IFLA_INET6_FLAGS:         {"flags", masked(inet6Passing), settings},
	unix.IFLA_INET6_CONF:          {"conf", vector, Portable | settings},
	unix.IFLA_INET6_STATS:         {"stats", hexed, always},
	unix.IFLA_INET6_CACHEINFO:     {"reassembly", func(v *view, b []byte) string { return num(v, b[:min(4, len(b))]) }, always},
	unix.IFLA_INET6_ICMP6STATS:    {"icmp", hexed, always},
	unix.IFLA_INET6_TOKEN:         {"token", address, 0},
	unix.IFLA_INET6_ADDR_GEN_MODE: {"addr_gen_mode", num, 0},
	unix.IFLA_INET6_RA_MTU:        {"ra_mtu", num, settings},
}

// inet6Passing are flags of router solicitation (IF_RA_OTHERCONF,
// IF_RA_MANAGED, IF_RA_RCVD, IF_RS_SENT, IF_READY): they come by themselves.
const (
	inet6Passing = 0x80 | 0x40 | 0x20 | 0x10 | inet6Ready
	inet6Ready   = 0x80000000
)

var inetTable = table{unix.IFLA_INET_CONF: {"conf", vector, Portable | settings}}

// bridgeTable are the attributes of a bridge (enum of IFLA_BR_UNSPEC).
var bridgeTable = table{
	1: {"forward_delay", num, 0}, 2: {"hello_time", num, 0}, 3: {"max_age", num, 0},
	4: {"ageing_time", num, 0}, 5: {"stp_state", num, 0}, 6: {"priority", num, 0},
	7: {"vlan_filtering", num, 0}, 8: {"vlan_protocol", net16, 0}, 9: {"group_fwd_mask", num, 0},
	10: {"root_id", hexed, Portable | settings}, 11: {"bridge_id", hexed, Portable | settings},
	12: {"root_port", num, Portable | settings}, 13: {"root_path_cost", num, settings},
	14: {"topology_change", num, always}, 15: {"topology_change_detected", num, always},
	16: {"hello_timer", num, always}, 17: {"tcn_timer", num, always},
	18: {"topology_change_timer", num, always}, 19: {"gc_timer", num, always},
	20: {"group_address", mac, 0}, 22: {"mcast_router", num, 0}, 23: {"mcast_snooping", num, 0},
	24: {"mcast_query_use_ifaddr", num, 0}, 25: {"mcast_querier", num, 0},
	26: {"mcast_hash_elasticity", num, 0}, 27: {"mcast_hash_max", num, 0},
	28: {"mcast_last_member_count", num, 0}, 29: {"mcast_startup_query_count", num, 0},
	30: {"mcast_last_member_interval", num, 0}, 31: {"mcast_membership_interval", num, 0},
	32: {"mcast_querier_interval", num, 0}, 33: {"mcast_query_interval", num, 0},
	34: {"mcast_query_response_interval", num, 0}, 35: {"mcast_startup_query_interval", num, 0},
	36: {"nf_call_iptables", num, 0}, 37: {"nf_call_ip6tables", num, 0}, 38: {"nf_call_arptables", num, 0},
	39: {"vlan_default_pvid", num, 0}, 41: {"vlan_stats", num, 0}, 42: {"mcast_stats", num, 0},
	43: {"mcast_igmp_version", num, 0}, 44: {"mcast_mld_version", num, 0}, 45: {"vlan_stats_per_port", num, 0},
	46: {"boolopt", hexed, 0}, 47: {"mcast_querier_state", hexed, always},
	48: {"fdb_n_learned", num, always}, 49: {"fdb_max_learned", num, 0},
}

// portTable are the attributes of a bridge's port (enum of IFLA_BRPORT_UNSPEC).
var portTable = table{
	1: {"state", num, settings}, 2: {"priority", num, 0}, 3: {"cost", num, 0}, 4: {"hairpin", num, 0},
	5: {"guard", num, 0}, 6: {"root_block", num, 0}, 7: {"fast_leave", num, 0}, 8: {"learning", num, 0},
	9: {"flood", num, 0}, 10: {"proxy_arp", num, 0}, 11: {"learning_sync", num, 0}, 12: {"proxy_arp_wifi", num, 0},
	13: {"root_id", hexed, Portable | settings}, 14: {"bridge_id", hexed, Portable | settings},
	15: {"designated_port", num, Portable | settings}, 16: {"designated_cost", num, settings},
	17: {"id", num, Portable | settings}, 18: {"no", num, Portable | settings},
	19: {"topology_change_ack", num, always}, 20: {"config_pending", num, always},
	21: {"message_age_timer", num, always}, 22: {"forward_delay_timer", num, always}, 23: {"hold_timer", num, always},
	25: {"mcast_router", num, 0}, 27: {"mcast_flood", num, 0}, 28: {"mcast_to_unicast", num, 0},
	29: {"vlan_tunnel", num, 0}, 30: {"bcast_flood", num, 0}, 31: {"group_fwd_mask", num, 0},
	32: {"neigh_suppress", num, 0}, 33: {"isolated", num, 0}, 34: {"backup_port", linkName, 0},
	35: {"mrp_ring_open", num, settings}, 36: {"mrp_in_open", num, settings},
	37: {"mcast_eht_hosts_limit", num, 0}, 38: {"mcast_eht_hosts_count", num, always},
	39: {"locked", num, 0}, 40: {"mab", num, 0}, 41: {"mcast_n_groups", num, always},
	42: {"mcast_max_groups", num, 0}, 43: {"neigh_vlan_suppress", num, 0}, 44: {"backup_nhid", num, 0},
}

// kindTables are the attributes of links by kind (IFLA_INFO_DATA).
var kindTables = map[string]table{
	"bridge": bridgeTable,
	"vxlan": {1: {"id", num, 0}, 2: {"group", address, 0}, 3: {"dev", linkName, 0}, 4: {"local", address, 0},
		5: {"ttl", num, 0}, 6: {"tos", num, 0}, 7: {"learning", num, 0}, 8: {"ageing", num, 0}, 9: {"limit", num, 0},
		11: {"proxy", num, 0}, 15: {"port", net16, 0}, 16: {"group6", address, 0}, 17: {"local6", address, 0}},
	"macvlan": {1: {"mode", num, 0}, 2: {"flags", num, 0}, 7: {"bcqueuelen", num, 0}, 8: {"bcqueuelen_used", num, always}},
	"macvtap": {1: {"mode", num, 0}, 2: {"flags", num, 0}, 8: {"bcqueuelen_used", num, always}},
	"vlan":    {1: {"id", num, 0}, 2: {"flags", hexed, 0}, 5: {"protocol", net16, 0}},
	"vrf":     {1: {"table", num, 0}},
	"tun": {1: {"owner", num, 0}, 2: {"group", num, 0}, 3: {"type", num, 0}, 4: {"pi", num, 0}, 5: {"vnet_hdr", num, 0},
		6: {"persist", num, 0}, 7: {"multi_queue", num, 0}, 8: {"queues", num, 0}, 9: {"disabled_queues", num, 0}},
}

var slaveTables = map[string]table{"bridge": portTable}
