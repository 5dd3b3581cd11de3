"""What can be asked and what comes back: frozen, strict, free of torch."""
