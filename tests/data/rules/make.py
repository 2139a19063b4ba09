#!/usr/bin/env python3
"""Writes the corpora of frames that scapy makes, or compares them with the files (`--check`)."""

import sys
from pathlib import Path

from corpora import arp, evasions, ip, layer2, nd, transit, transit6
from corpora.frames import pcap, table

HERE = Path(__file__).resolve().parent


def corpora():
    """Each file and what it must hold."""
    sinners = layer2.frames() + arp.frames() + nd.frames() + ip.frames() + evasions.frames()
    for name, frames in (("sinners", sinners), ("transit", transit.frames() + transit6.frames())):
        yield HERE / f"{name}.tsv", table(frames)
        yield HERE / f"{name}.pcap", pcap(frames)


def differs(path, wanted):
    """Says so where a file is not what it must be."""
    there = path.read_bytes() if path.exists() else None
    if there != wanted:
        print(f"{path.name}: not what make.py makes; run it without --check and read the difference")
    return there != wanted


def main(words):
    if words not in ([], ["--check"]):
        print("usage: make.py [--check]")
        return 2
    if words:
        return int(any([differs(path, wanted) for path, wanted in corpora()]))
    for path, wanted in corpora():
        path.write_bytes(wanted)
        print(f"{path.name}: {len(wanted)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
