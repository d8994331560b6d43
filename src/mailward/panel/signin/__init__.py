"""Signing in: password, second factor, recovery, sessions, invitations."""
