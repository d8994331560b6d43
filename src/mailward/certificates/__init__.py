"""Certificates: inspecting and making them, issuers, ACME orders as a state machine, solvers, renewal, budget."""
