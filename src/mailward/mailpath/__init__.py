"""What stands in the way of each message. Reads published files only; a message never waits for the store."""
