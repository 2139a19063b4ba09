/* What a BPF program needs of the kernel: the context, the helpers that are used here, and maps as aya loads them. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SECTION(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

/* linux/bpf.h */
enum { XDP_DROP = 1, XDP_PASS = 2 };
enum { HASH = 1, ARRAY = 2, PERCPU_HASH = 5, PERCPU_ARRAY = 6 };
enum { ANY = 0, NOEXIST = 1 };
enum { MMAPABLE = 1 << 10 };

struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

/* A map as the section "maps" describes it. */
struct map {
	u32 type, key_size, value_size, max_entries, flags, id, pinning;
};

#define MAP(name, map_type, key, value, entries, map_flags) \
	struct map SECTION("maps") name = { \
		.type = map_type, \
		.key_size = sizeof(key), \
		.value_size = sizeof(value), \
		.max_entries = entries, \
		.flags = map_flags, \
	}

static void *(*const lookup)(const void *map, const void *key) = (void *)1;
static long (*const update)(const void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u32 (*const cpu_number)(void) = (void *)8;
static u64 (*const frame_length)(struct xdp_md *ctx) = (void *)188;

/* Frames and their bytes: `Counts` of ixp-common. */
struct counts {
	u64 packets, bytes;
};

INLINE void add(struct counts *counts, u32 bytes)
{
	counts->packets += 1;
	counts->bytes += bytes;
}

/* Numbers of a frame, which BPF reads at any address. */
INLINE u16 be16(const u8 *at)
{
	return __builtin_bswap16(*(const u16 *)at);
}

INLINE u32 be32(const u8 *at)
{
	return __builtin_bswap32(*(const u32 *)at);
}

INLINE u64 be64(const u8 *at)
{
	return __builtin_bswap64(*(const u64 *)at);
}

/* A MAC address as a number; two more bytes follow it in every frame. */
INLINE u64 be48(const u8 *at)
{
	return be64(at) >> 16;
}
