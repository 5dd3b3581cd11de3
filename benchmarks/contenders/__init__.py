"""One module per contender, each run as a process of its own with its own packages."""
