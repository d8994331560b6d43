"""Rules judge. They are pure; the norm is data."""
