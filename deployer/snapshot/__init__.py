"""What a plan needs to know of an engine, kept in a file: for where the engine cannot, or must not, be reached.

form     the file: what it holds, how it is written, and what is wrong with one that is none
hiding   what may be secret, as salted digests in the place of texts, and these opened again by who knows the texts
trimmed  the engine's answers, less what no plan looks at, and with what may be secret hidden
take     a look at the engine, kept
reader   the kept answers, for the planner that would ask an engine
"""
