"""The version, read by the build and by the environment fingerprint."""

__version__ = "0.1.0"
