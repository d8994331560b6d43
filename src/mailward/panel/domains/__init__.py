"""Domains, and one domain with its chain drawn."""
