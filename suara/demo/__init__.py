"""A generated community and its grading: the whole job, shown and checked without anybody's real words."""

SEED, WEEKS, POSTS = 1, 8, 5_100
"""What the demo tells when nobody asks for another story."""
