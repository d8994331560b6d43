"""The one door: one function per thing a person can do, the same for all faces."""
