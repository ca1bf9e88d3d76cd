"""Two versions of a stack, compared without an engine: the older one is taken for what runs.

imagined  what an engine would have if it had just carried out a stack
taken     the files that git does not have, which are the same before and after
told      a plan less what only an engine could tell
against   the plan from a revision in git to the files as they are
"""
