"""A generated community and its grading: the whole job, shown and checked without anybody's real words."""
