"""What DNS must say about the domains held here, and how it comes to say it. No I/O: it is handed the outside."""
