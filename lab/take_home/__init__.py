"""What a visitor takes home: the code of a run as one file and as a notebook, its numbers as tables, its network."""
