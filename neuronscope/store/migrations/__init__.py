"""Schema changes, one file each under `versions/`; applied when the database is opened."""
