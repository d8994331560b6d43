"""Mailward secures a mail host end to end and proves it by connecting to every door."""

__version__ = "0.1.0"
