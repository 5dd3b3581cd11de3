"""Every model type of transformers: tiny random models, checked against raw forwards."""
