"""The nouns of Mailward: frozen values, and the Protocols of the outside world. Nothing here does any I/O."""
