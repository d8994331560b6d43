"""The API's addresses, a module for each subject. Each route parses, calls one action and answers."""
