"""Plans that are kept in a file, to be carried out later: just as they were reviewed, or not at all.

form     the file: what it holds, how it is written, and what is wrong with one that is none
sources  what a plan was made from, as salted digests, and what of it has changed
moved    what differs between the plan that was kept and the one that would be made now
"""
