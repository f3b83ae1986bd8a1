"""The ways in: the command line, the embedded parts and the demo community."""
