"""The machine: the only place for subprocess, sockets, ssl and the file system."""
