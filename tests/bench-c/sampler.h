/* What a sampler does with a sound frame between registered stations, but for the counting itself. Any other frame is
 * counted as such and passes; the bench makes none. `struct found` is the includer's: a station, and how its seat is found. */
#pragma once
#include "frame.h"
#include "table.h"
#include "transit.h"

enum { SLOTS = 256, TAP = 0 };

struct port_counters {
	struct counts seen, other, consumed;
};

/* By ifindex; numbers that the array does not have are looked up in the hash, which costs 24 ns. */
MAP(NEAR_POLICIES, ARRAY, u32, struct port_policy, 1 << 12, 0);
MAP(FAR_POLICIES, HASH, u32, struct port_policy, SLOTS, 0);
MAP(PORT_COUNTERS, PERCPU_ARRAY, u32, struct port_counters, SLOTS, 0);
MAP(POLICY_TABLES, ARRAY, u32, struct policy_table, 2, 0);
volatile u32 ACTIVE_TABLE = 0;

/* The settings of an interface; none has slot 0. */
INLINE const struct port_policy *policy_of(u32 ifindex)
{
	const struct port_policy *policy = lookup(&NEAR_POLICIES, &ifindex);
	return policy ? policy->slot ? policy : 0 : lookup(&FAR_POLICIES, &ifindex);
}

/* The table in force. */
INLINE const struct policy_table *table(void)
{
	u32 entry = ACTIVE_TABLE & 1;
	return lookup(&POLICY_TABLES, &entry);
}

INLINE struct scene scene_of(const struct policy_table *table, const struct link *link)
{
	u64 home = table->home_of[link->vlan & 0xfff];
	struct scene scene = {
		lan_of(table, link->vlan),
		find(table, station_key(home, link->source)),
		find(table, station_key(home, link->destination)),
	};
	return scene;
}

/* How a frame is counted that has its place. */
typedef void counting(const struct frame *frame, const struct link *link, const struct scene *scene, u32 slot);

/* Counts a frame; 0 if it is none that this program is for. */
INLINE int attribute(const struct frame *frame, const struct link *link, const struct port_policy *policy,
		     counting *count)
{
	const struct policy_table *now = table();
	if (!now)
		return 0;
	struct scene scene = scene_of(now, link);
	if (!scene.source.station || !scene.destination.station)
		return 0;
	if (!is_transit(now, frame, link, &scene, policy))
		return 0;
	count(frame, link, &scene, policy->slot);
	return 1;
}

/* What becomes of a frame. */
INLINE int sample(struct xdp_md *ctx, counting *count)
{
	u32 ifindex = ctx->ingress_ifindex;
	struct frame frame = { (const u8 *)(u64)ctx->data, (const u8 *)(u64)ctx->data_end, frame_length(ctx) };
	const struct port_policy *policy = policy_of(ifindex);
	u32 slot = policy ? policy->slot : 0;
	struct port_counters *counters = lookup(&PORT_COUNTERS, &slot);
	if (!counters)
		return XDP_PASS;
	add(&counters->seen, frame.length);
	struct link link;
	if (!policy || !read_link(&frame, &link) || !is_sound(&frame, &link) || !attribute(&frame, &link, policy, count)) {
		add(&counters->other, frame.length);
		return XDP_PASS;
	}
	if (policy->deployment == TAP && policy->consume && link.destination != policy->host_mac) {
		add(&counters->consumed, frame.length);
		return XDP_DROP;
	}
	return XDP_PASS;
}
