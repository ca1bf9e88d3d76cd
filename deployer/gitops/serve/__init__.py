"""What the agent shows: a page, JSON, metrics, whether it is well; and how it is told that there is something new."""
