"""Python that makes the figures of a page again, from the store alone: state in, text out."""
