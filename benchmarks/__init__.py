"""Every claim of speed and quality, measured."""
