"""Revisions that were applied: what they held, how they differ, and what becomes of one that is gone back to.

trees    the stack that a record keeps, made one that can be read again
today    what no revision keeps, taken from the stack file of today
choice   which revision is meant, and whether it can be gone back to
compare  two stacks, field by field
images   where each image of a revision is to be had now
"""
