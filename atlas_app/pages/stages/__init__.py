"""The page Stages: courses, abundance, changes, relations, markers and the animation."""
