"""The frames of the corpora, a module for each family of rules."""

import logging

# The BGP module warns on import about a default that nothing here relies on.
logging.getLogger("scapy").setLevel(logging.ERROR)
