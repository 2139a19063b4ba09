/* The same as the twin, but counted as one does it at first: pairs are entries of a per-CPU hash. */
#include "stations.h"

#include "pairs-by-hash.h"
#include "sampler.h"

SECTION("xdp.frags") int naive(struct xdp_md *ctx)
{
	return sample(ctx, count);
}

SECTION("license") char LICENSE[] = "Dual MIT/GPL";
