"""The matrix of tasks and families: what is asked, what answers, and how both are measured alike."""
