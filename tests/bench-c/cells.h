/* Counting, 32 frames at a time: each is noted, then the lines of their cells are fetched together, then they
 * are counted. Notes, lines and cells as `cells` of ixp-common has them. */
#pragma once
#include "bpf.h"

enum { NOTES = 32, LINE_CELLS = 4 };

#define PACKETS ((1ULL << 36) - 1)
#define BYTES ((1ULL << 49) - 1)
#define LENGTH ((1ULL << 20) - 1)

struct cell {
	u64 packets, bytes;
};

struct line {
	struct cell cells[LINE_CELLS];
};

/* A note's first word is source, destination, slot, lap; its second: used, VLAN, family, lap, length. */
struct batch {
	u64 lap, length;
	u64 notes[NOTES][2];
	/* Where the cell of each most likely is. */
	u32 lines[NOTES];
	u64 apart[14];
};
_Static_assert(sizeof(struct batch) == 768, "no line of two CPUs");

/* Of one CPU; the bench sets it, and as many lines for each. */
volatile const u32 LINES_PER_CPU = 2;

MAP(CELLS, ARRAY, u32, struct line, 2, MMAPABLE);
MAP(BATCHES, ARRAY, u32, struct batch, 1, MMAPABLE);
/* Cells that find no place among the lines, by both words of a key together. */
MAP(OVERFLOW, PERCPU_HASH, u64, struct counts, 1 << 16, 0);
/* Frames for which there was no room at all. */
MAP(MISSED, PERCPU_ARRAY, u32, struct counts, 1, 0);

/* The first of the two lines of a key, of which the other is beside it. */
INLINE u32 line_of(u64 numbers, u64 network, u32 lines)
{
	u64 key = (numbers | network >> 49) * 0x9e3779b97f4a7c15;
	u64 hash = (key ^ key >> 32) * 0xd6e8feb86659fd93;
	return (u32)((hash >> 32) * (lines >> 1) >> 32) << 1 | (hash >> 31 & 1);
}

/* Adds a frame to its cell if that is in a line, or if there is room for it. */
INLINE int count_in(struct line *line, u64 numbers, u64 network, u32 bytes)
{
	for (int i = 0; i < LINE_CELLS; i++) {
		struct cell *cell = &line->cells[i];
		u64 packets = cell->packets, sum = cell->bytes;
		if ((((packets ^ numbers) & ~PACKETS) | ((sum ^ network) & ~BYTES)) == 0) {
			cell->packets = numbers | ((packets + 1) & PACKETS);
			cell->bytes = network | ((sum + bytes) & BYTES);
			return 1;
		}
		if (!packets) {
			cell->packets = numbers | 1;
			cell->bytes = network | bytes;
			return 1;
		}
	}
	return 0;
}

INLINE void count_elsewhere(u64 numbers, u64 network, u32 bytes)
{
	u64 key = numbers | (network & ~BYTES) >> 49;
	struct counts *counts = lookup(&OVERFLOW, &key);
	if (counts) {
		add(counts, bytes);
		return;
	}
	struct counts first = { 1, bytes };
	if (update(&OVERFLOW, &key, &first, NOEXIST) == 0)
		return;
	u32 only = 0;
	struct counts *missed = lookup(&MISSED, &only);
	if (missed)
		add(missed, bytes);
}

/* Counts what a CPU has noted. A function that the verifier looks at once. */
NOINLINE int flush(u32 cpu)
{
	struct batch *batch = lookup(&BATCHES, &cpu);
	if (!batch)
		return 0;
	__sync_fetch_and_add(&batch->lap, 1);
	for (int i = 0; i < NOTES; i++) {
		const struct line *line = lookup(&CELLS, &batch->lines[i]);
		if (line)
			*(volatile const u64 *)line;
	}
	for (int i = 0; i < NOTES; i++) {
		u64 numbers = batch->notes[i][0] & ~PACKETS, network = batch->notes[i][1] & ~BYTES;
		u32 bytes = batch->notes[i][1] & LENGTH;
		struct line *line = lookup(&CELLS, &batch->lines[i]);
		if (line && count_in(line, numbers, network, bytes))
			continue;
		u32 other = batch->lines[i] ^ 1;
		line = lookup(&CELLS, &other);
		if (line && count_in(line, numbers, network, bytes))
			continue;
		count_elsewhere(numbers, network, bytes);
	}
	batch->length = 0;
	return 1;
}

/* Notes a frame between two numbered stations. */
INLINE void note(u32 source, u32 destination, u32 vlan, u64 family, u32 slot, u32 bytes)
{
	u32 cpu = cpu_number();
	struct batch *batch = lookup(&BATCHES, &cpu);
	if (!batch)
		return;
	u64 lap = batch->lap, length = batch->length & (NOTES - 1);
	u64 numbers = (u64)source << 50 | (u64)destination << 36, network = 1ULL << 63 | (u64)vlan << 51 | family << 49;
	batch->notes[length][0] = numbers | (u64)(slot & 0xff) << 28 | (lap & ((1 << 28) - 1));
	batch->notes[length][1] = network | (lap & ((1 << 29) - 1)) << 20 | (bytes & LENGTH);
	batch->lines[length] = cpu * LINES_PER_CPU + line_of(numbers, network, LINES_PER_CPU);
	batch->length = length + 1;
	if (length + 1 == NOTES)
		flush(cpu);
}
