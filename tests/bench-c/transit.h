/* Whether a frame is transit that no rule has anything to say of: `is_transit` of ixp-common. */
#pragma once
#include "frame.h"
#include "table.h"

/* Between whom a frame is, by the table. */
struct scene {
	const struct lan *lan;
	struct found source, destination;
};

/* 169.254.0.0/16 */
INLINE int is_near_ipv4(u32 address)
{
	return address >> 16 == 0xa9fe;
}

INLINE int is_bogon_ipv4(u32 a)
{
	u32 top = a >> 24;
	return top == 0 || top == 10 || top == 127 || top >= 224 || is_near_ipv4(a) || a >> 16 == 0xc0a8 ||
	       a >> 22 == 0x191 || a >> 20 == 0xac1 || a >> 8 == 0xc00000 || a >> 8 == 0xc00002 ||
	       a >> 8 == 0xc63364 || a >> 8 == 0xcb0071 || a >> 17 == 0xc612 >> 1;
}

INLINE int is_on_ipv4(const struct lan *lan, u32 address)
{
	return lan->flags & Lan_flag_IPV4 && (address & lan->ipv4_mask) == lan->ipv4;
}

INLINE int is_on_ipv6(const struct lan *lan, const u8 *address)
{
	return lan->flags & Lan_flag_IPV6 && (be64(address) & lan->ipv6_mask[0]) == lan->ipv6[0] &&
	       (be64(address + 8) & lan->ipv6_mask[1]) == lan->ipv6[1];
}

INLINE int is_over_mtu(const struct lan *lan, u32 length)
{
	return lan->flags & Lan_flag_KNOWN && length > lan->mtu;
}

INLINE int is_elsewhere_ipv4(const struct frame *frame, u32 offset, const struct lan *lan)
{
	const u8 *header = at(frame, offset, 20);
	if (!header)
		return 0;
	u32 source = be32(header + 12), destination = be32(header + 16);
	return !is_over_mtu(lan, be16(header + 2)) && !is_bogon_ipv4(source) && !is_on_ipv4(lan, source) &&
	       destination >> 24 < 224 && !is_near_ipv4(destination) && !is_on_ipv4(lan, destination);
}

INLINE int is_elsewhere_ipv6(const struct frame *frame, u32 offset, const struct lan *lan)
{
	const u8 *header = at(frame, offset, 40);
	if (!header)
		return 0;
	u32 length = be16(header + 4);
	u64 high = be64(header + 8);
	return length != 0 && !is_over_mtu(lan, length + 40) && high >> 61 == 1 && high >> 32 != 0x20010db8 &&
	       high >> 44 != 0x3fff0 && !is_on_ipv6(lan, header + 8) && header[24] >> 5 == 1 &&
	       !is_on_ipv6(lan, header + 24);
}

INLINE int carries(const struct policy_table *table, u32 ethertype)
{
	int is_listed = 0;
	for (int i = 0; i < ETHERTYPES; i++)
		is_listed |= table->ethertypes[i] == ethertype;
	return is_listed;
}

INLINE int has_wrong_tag(const struct policy_table *table, const struct link *link, const struct lan *lan)
{
	return link->tags && table->flags & PolicyTable_flag_TAGS &&
	       (!(lan->flags & Lan_flag_KNOWN) || link->tags == 2 || is_tag(link->ethertype));
}

/* Between registered stations that are where they should be. */
INLINE int has_clean_link(const struct policy_table *table, const struct link *link, const struct scene *scene,
			  const struct port_policy *port)
{
	const u64 extremes = 0x00e02b000000;
	const struct station *source = scene->source.station;
	if (!source || !scene->destination.station || has_wrong_tag(table, link, scene->lan))
		return 0;
	if (link->source >> 40 & 1 || !link->source || link->destination >> 40 & 1 || link->destination == extremes)
		return 0;
	if (!carries(table, link->ethertype))
		return 0;
	if (port->port && source->port && source->port != port->port)
		return 0;
	if (!(table->flags & PolicyTable_flag_MOVES))
		return 1;
	const struct seat *seat = seat_of(&scene->source);
	u64 here = port->port ? port->port : 1 << 16 | port->slot;
	return seat && seat->station == source->key && seat->port == here;
}

INLINE int is_transit(const struct policy_table *table, const struct frame *frame, const struct link *link,
		      const struct scene *scene, const struct port_policy *port)
{
	if (!has_clean_link(table, link, scene, port))
		return 0;
	switch (link->ethertype) {
	case IPV4:
		return is_elsewhere_ipv4(frame, link->payload, scene->lan);
	case IPV6:
		return is_elsewhere_ipv6(frame, link->payload, scene->lan);
	default:
		return 0;
	}
}
