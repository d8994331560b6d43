"""Probes look. They judge nothing, and do their I/O through what they are handed."""
