/* Where stations are found: by the perfect hash of the table. */
#pragma once
#include "table.h"

/* By the station's place in the table. */
MAP(SEATS, ARRAY, u32, struct seat, STATION_SLOTS, 0);

struct found {
	const struct station *station;
	u32 place;
};

/* Compress, hash, displace. */
INLINE struct found find(const struct policy_table *table, u64 key)
{
	u64 hash = key * table->seed;
	u32 place = (hash >> 40 ^ table->displacements[hash >> 53 & (DISPLACEMENTS - 1)]) & table->places;
	place &= STATION_SLOTS - 1;
	const struct station *station = &table->stations[place];
	struct found found = { station->key == key ? station : 0, place };
	return found;
}

INLINE const struct seat *seat_of(const struct found *found)
{
	/* Of its own, so that all else of a station stays in registers. */
	u32 place = found->place;
	return lookup(&SEATS, &place);
}
