"""The panel: pages over the store. For now one page, the status of the doors, read-only."""
