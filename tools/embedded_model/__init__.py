"""Builds the embedded model: corpus, tokenizer, training, evaluation, export, card.

Run as ``python -m tools.embedded_model <step>``; ``--help`` lists the steps.
"""
