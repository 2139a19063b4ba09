/* The same as the twin, but counted as one does it at first: per source, destination and EtherType, in a per-CPU hash. */
#include "sampler.h"

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

SECTION("xdp.frags") int naive(struct xdp_md *ctx)
{
	return sample(ctx, count);
}

SECTION("license") char LICENSE[] = "Dual MIT/GPL";
