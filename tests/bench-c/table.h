/* What is known of the exchange, as the agent writes it: `PolicyTable` of ixp-common, field by field. */
#pragma once
#include "bpf.h"
#include "layout.h"

enum { PORTS = 256, PROFILES = 256, LANS = 64, ETHERTYPES = 8, DISPLACEMENTS = 2048, STATION_SLOTS = 8192 };

struct rule_actions {
	u64 observe, alert, limit, drop;
};

struct lan {
	u64 ipv6[2], ipv6_mask[2];
	u32 ipv4, ipv4_mask;
	u16 vlan, mtu, profile, flags;
};

struct station {
	u64 key;
	u16 interface, profile, port, flags;
};

/* Where a station was last seen. */
struct seat {
	u64 station, port;
};

struct policy_table {
	u64 seed, places;
	u64 limits[6][2];
	struct rule_actions actions[PROFILES];
	struct lan lans[LANS];
	u64 wired[PORTS / 64];
	u16 ethertypes[ETHERTYPES];
	u16 generation, flags;
	u32 sweep_bits;
	u64 probe;
	u8 lan_of[4096];
	u16 home_of[4096];
	u16 displacements[DISPLACEMENTS];
	struct station stations[STATION_SLOTS];
};

struct port_policy {
	u32 slot, sampling_rate;
	u64 host_mac;
	u16 port;
	u8 deployment, consume, enforces, zero[3];
};

/* `layout.h` is what Rust says. */
#define LIES_AT(type, field, offset) \
	_Static_assert(__builtin_offsetof(struct type, field) == offset, #type "." #field)
LIES_AT(policy_table, seed, PolicyTable_seed);
LIES_AT(policy_table, places, PolicyTable_places);
LIES_AT(policy_table, lans, PolicyTable_lans);
LIES_AT(policy_table, ethertypes, PolicyTable_ethertypes);
LIES_AT(policy_table, flags, PolicyTable_flags);
LIES_AT(policy_table, lan_of, PolicyTable_lan_of);
LIES_AT(policy_table, home_of, PolicyTable_home_of);
LIES_AT(policy_table, displacements, PolicyTable_displacements);
LIES_AT(policy_table, stations, PolicyTable_stations);
_Static_assert(sizeof(struct policy_table) == PolicyTable_size, "policy_table");
LIES_AT(lan, ipv6, Lan_ipv6);
LIES_AT(lan, ipv6_mask, Lan_ipv6_mask);
LIES_AT(lan, ipv4, Lan_ipv4);
LIES_AT(lan, ipv4_mask, Lan_ipv4_mask);
LIES_AT(lan, vlan, Lan_vlan);
LIES_AT(lan, mtu, Lan_mtu);
LIES_AT(lan, flags, Lan_flags);
_Static_assert(sizeof(struct lan) == Lan_size, "lan");
LIES_AT(station, key, Station_key);
LIES_AT(station, interface, Station_interface);
LIES_AT(station, port, Station_port);
_Static_assert(sizeof(struct station) == Station_size, "station");
LIES_AT(port_policy, slot, PortPolicy_slot);
LIES_AT(port_policy, host_mac, PortPolicy_host_mac);
LIES_AT(port_policy, deployment, PortPolicy_deployment);
LIES_AT(port_policy, consume, PortPolicy_consume);
LIES_AT(port_policy, port, PortPolicy_port);
_Static_assert(sizeof(struct port_policy) == PortPolicy_size, "port_policy");

/* The LAN of a frame with this outer tag. */
INLINE const struct lan *lan_of(const struct policy_table *table, u32 vlan)
{
	return &table->lans[table->lan_of[vlan & 0xfff] & (LANS - 1)];
}

/* The number that a station is counted under. */
INLINE u32 number(const struct station *station)
{
	return station->interface;
}

/* What a station is found by. */
INLINE u64 station_key(u64 vlan, u64 mac)
{
	return 1ULL << 63 | vlan << 48 | mac;
}
