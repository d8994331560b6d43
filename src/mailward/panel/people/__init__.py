"""People, groups and roles; their activity; tokens for programs."""
