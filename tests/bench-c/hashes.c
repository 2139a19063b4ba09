/* The same as the naive program, but stations are found in a hash, too. */
#include "stations-by-hash.h"

#include "pairs-by-hash.h"
#include "sampler.h"

SECTION("xdp.frags") int hashes(struct xdp_md *ctx)
{
	return sample(ctx, count);
}

SECTION("license") char LICENSE[] = "Dual MIT/GPL";
