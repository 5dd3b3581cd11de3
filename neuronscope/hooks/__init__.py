"""Attaching to a model: where (points), how (tap), which entries (index), what (interventions)."""
