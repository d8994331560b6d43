"""PostgreSQL as a place for the tables; Django finds ``base`` in here by the name of this package."""
