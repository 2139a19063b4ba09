/* Counting as one does it at first: in a per-CPU hash. */
#pragma once
#include "transit.h"

/* By source, destination, EtherType and VLAN. */
struct key {
	u64 destination, source;
	u16 ethertype, vlan;
	u32 zero;
};

MAP(CELLS, PERCPU_HASH, struct key, struct counts, 1 << 20, 0);

INLINE void count(const struct frame *frame, const struct link *link, const struct scene *scene, u32 slot)
{
	(void)scene, (void)slot;
	struct key key = { link->destination, link->source, link->ethertype, link->vlan, 0 };
	struct counts *counts = lookup(&CELLS, &key);
	if (counts) {
		add(counts, frame->length);
		return;
	}
	struct counts first = { 1, frame->length };
	update(&CELLS, &key, &first, NOEXIST);
}
