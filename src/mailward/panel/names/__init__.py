"""Who may hold which name: the provider's lists, the look-alikes that were seen, and proofs of control."""
