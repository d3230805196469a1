"""The page Map: a query is sent, followed and, once it is mapped, looked at."""
