"""The steward: takes what was asked (rows in the store), runs the engines over the host it is handed, writes down how it
ended. One process at a time is the steward: whoever holds the lock, the daemon or somebody's command line."""
