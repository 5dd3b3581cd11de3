"""The REST interface and the page, over a `Lab`."""
