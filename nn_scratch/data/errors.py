"""The error for data that cannot be used."""


class DataError(ValueError):
    """Data cannot be used; the message says why, and names the file and the line."""
