"""Looking at the world and judging it: probes look, rules judge, report says."""
