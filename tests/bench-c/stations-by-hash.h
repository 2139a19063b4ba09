/* Where stations are found: in a hash, as one does it at first. */
#pragma once
#include "table.h"

struct known {
	struct station station;
	struct seat seat;
};

MAP(STATIONS, HASH, u64, struct known, STATION_SLOTS, 0);

struct found {
	const struct station *station;
	const struct known *known;
};

INLINE struct found find(const struct policy_table *table, u64 key)
{
	(void)table;
	const struct known *known = lookup(&STATIONS, &key);
	struct found found = { known ? &known->station : 0, known };
	return found;
}

INLINE const struct seat *seat_of(const struct found *found)
{
	return found->known ? &found->known->seat : 0;
}
