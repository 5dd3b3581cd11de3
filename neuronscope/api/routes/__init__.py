"""One file per group of addresses; each route parses, makes one call, and answers."""
