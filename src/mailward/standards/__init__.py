"""The protocols, one module each: parse, format, evaluate. No I/O; each is usable alone."""
