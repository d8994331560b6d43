"""Home and the doors: what needs attention, and what was seen at every door."""
