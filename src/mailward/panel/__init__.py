"""The panel: pages over the store, for people who are signed in. What they ask for is carried out by the steward."""
