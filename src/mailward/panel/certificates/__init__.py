"""Certificates: getting, uploading, requesting, renewing, revoking; their history."""
