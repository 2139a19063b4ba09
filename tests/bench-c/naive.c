/* What one writes in an afternoon: frames and bytes per source, destination and EtherType, in a per-CPU hash. */
#include "bpf.h"

struct key {
	u8 destination[6], source[6];
	u16 ethertype;
	u16 vlan;
};

MAP(CELLS, PERCPU_HASH, struct key, struct counts, 1 << 20, 0);

SECTION("xdp.frags") int naive(struct xdp_md *ctx)
{
	const u8 *data = (const u8 *)(u64)ctx->data, *end = (const u8 *)(u64)ctx->data_end;
	if (data + 14 > end)
		return XDP_PASS;
	struct key key;
	__builtin_memcpy(key.destination, data, 12);
	key.ethertype = be16(data + 12);
	key.vlan = 0;
	if (key.ethertype == 0x8100 || key.ethertype == 0x88a8) {
		if (data + 18 > end)
			return XDP_PASS;
		key.vlan = be16(data + 14) & 0xfff;
		key.ethertype = be16(data + 16);
	}
	u32 bytes = end - data;
	struct counts *counts = lookup(&CELLS, &key);
	if (counts) {
		add(counts, bytes);
	} else {
		struct counts first = { 1, bytes };
		update(&CELLS, &key, &first, NOEXIST);
	}
	return XDP_PASS;
}

SECTION("license") char LICENSE[] = "Dual MIT/GPL";
