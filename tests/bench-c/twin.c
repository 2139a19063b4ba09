/* What the sampler does with a sound frame between registered stations, written in C: what it would cost without
 * Rust. */
#include "cells.h"
#include "stations.h"

#include "sampler.h"

INLINE void count(const struct frame *frame, const struct link *link, const struct scene *scene, u32 slot)
{
	note(number(scene->source.station), number(scene->destination.station), link->vlan, family(link->ethertype), slot, frame->length);
}

SECTION("xdp.frags") int twin(struct xdp_md *ctx)
{
	return sample(ctx, count);
}

SECTION("license") char LICENSE[] = "Dual MIT/GPL";
