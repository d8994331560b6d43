"""One module per real program: what it reads, who checks it, how it takes a change, what proves it. No I/O here.

``ALL`` is the whole host, in the order in which its daemons start.
"""
