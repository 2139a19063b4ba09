"""The frames of the corpora, a module for each family of rules."""
