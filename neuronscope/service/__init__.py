"""The lab: what the library, the command line and the web interface call."""
