"""DNS: the board of all domains, what was found of one with the records that cure it, and what a domain publishes."""
