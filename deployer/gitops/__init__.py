"""The agent: what a git repository says becomes so, again and again."""
