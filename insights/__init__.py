"""What the numbers say, honestly: one module for each job of a community manager. Pure."""
