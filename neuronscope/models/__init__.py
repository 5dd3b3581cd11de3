"""Models: found on disk, loaded safely, understood by structure, checked before use."""
