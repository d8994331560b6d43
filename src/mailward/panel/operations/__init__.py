"""The mail server's settings, and the runs."""
