"""Declared state and records: Django models, migrations, and their translation to and from the model's values.

The store is never needed for service: what daemons read is published from it.
"""
