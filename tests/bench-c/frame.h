/* A frame's headers: as much of `frame` of ixp-common as tells a sound frame from any other. */
#pragma once
#include "bpf.h"

enum {
	IPV4 = 0x0800,
	ARP = 0x0806,
	IPV6 = 0x86dd,
	VLAN = 0x8100,
	QINQ = 0x88a8,
	QINQ_OLD = 0x9100,
	FIRST_ETHERTYPE = 0x0600,
	HEADER_WINDOW = 1024,
	OFFSET_MASK = 0x7ff,
	MAX_EXTENSIONS = 8,
};

struct frame {
	const u8 *data, *end;
	/* Bytes on the wire without FCS, of which those up to `end` are visible. */
	u32 length;
};

struct link {
	u64 destination, source;
	u32 vlan, ethertype, payload;
	u8 tags;
};

/* `length` bytes at `offset`, or nothing if they are not all visible. */
INLINE const u8 *at(const struct frame *frame, u32 offset, u32 length)
{
	const u8 *start = frame->data + (offset & OFFSET_MASK);
	return offset <= OFFSET_MASK && start + length <= frame->end ? start : (const u8 *)0;
}

INLINE int is_tag(u32 ethertype)
{
	return ethertype == VLAN || ethertype == QINQ || ethertype == QINQ_OLD;
}

/* Addresses and up to two tags; 0 if they are not there. */
INLINE int read_link(const struct frame *frame, struct link *link)
{
	const u8 *bytes = at(frame, 0, 14);
	if (!bytes)
		return 0;
	*link = (struct link){ be48(bytes), be48(bytes + 6), 0, be16(bytes + 12), 14, 0 };
	for (int tag = 0; tag < 2 && is_tag(link->ethertype); tag++) {
		bytes = at(frame, link->payload, 4);
		if (!bytes)
			return 0;
		if (tag == 0)
			link->vlan = be16(bytes) & 0xfff;
		link->ethertype = be16(bytes + 2);
		link->payload += 4;
		link->tags++;
	}
	return link->ethertype < 0x05dd || link->ethertype > 0x05ff;
}

/* A transport header whose start is looked at lies in the packet and is visible. */
INLINE int is_sound_transport(const struct frame *frame, u32 protocol, int is_later, u32 offset, u32 end)
{
	int has_ports = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
	int is_icmp = protocol == 1 || protocol == 58;
	if (is_later || !(has_ports || is_icmp))
		return 1;
	return offset < HEADER_WINDOW && offset + 4 <= end && at(frame, offset, 4);
}

INLINE int is_sound_ipv4(const struct frame *frame, u32 offset)
{
	const u8 *header = at(frame, offset, 20);
	if (!header || header[0] >> 4 != 4)
		return 0;
	u32 length = (header[0] & 15) * 4, total = be16(header + 2);
	if (length < 20 || total < length || offset + total > frame->length)
		return 0;
	int is_later = (be16(header + 6) & 0x1fff) != 0;
	return is_sound_transport(frame, header[9], is_later, offset + length, offset + total);
}

INLINE int is_extension(u32 protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60 ||
	       protocol == 135 || protocol == 139 || protocol == 140;
}

/* Jumbograms are not among what is held to be sound. */
INLINE int is_sound_ipv6(const struct frame *frame, u32 offset)
{
	const u8 *header = at(frame, offset, 40);
	if (!header || header[0] >> 4 != 6)
		return 0;
	u32 protocol = header[6], end = offset + 40 + be16(header + 4);
	if (end > frame->length)
		return 0;
	offset += 40;
	for (int walked = 0; walked < MAX_EXTENSIONS && is_extension(protocol); walked++) {
		const u8 *extension = at(frame, offset, 4);
		if (!extension || offset >= HEADER_WINDOW)
			return 0;
		u32 length = protocol == 44 ? 8 : protocol == 51 ? (extension[1] + 2) * 4 : (extension[1] + 1) * 8;
		if (offset + 8 > end || offset + length > end)
			return 0;
		if (protocol == 44 && be16(extension + 2) >> 3)
			return 1;
		protocol = extension[0];
		offset += length;
	}
	return !is_extension(protocol) && is_sound_transport(frame, protocol, 0, offset, end);
}

/* Whether what the link layer carries can be counted without a remark. */
INLINE int is_sound(const struct frame *frame, const struct link *link)
{
	switch (link->ethertype) {
	case IPV4:
		return is_sound_ipv4(frame, link->payload);
	case IPV6:
		return is_sound_ipv6(frame, link->payload);
	default:
		return link->ethertype != ARP && link->ethertype >= FIRST_ETHERTYPE && !is_tag(link->ethertype);
	}
}

/* `Family` of ixp-common. */
INLINE u64 family(u32 ethertype)
{
	return ethertype == IPV4 ? 0 : ethertype == IPV6 ? 1 : 3;
}
