"""What is raised where data cannot be used."""


class DataError(ValueError):
    """Data that cannot be used, with the file (and line) and the reason."""
