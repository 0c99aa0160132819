"""The one kind of error that people see."""


class LeraError(Exception):
    """Something a person can mend. The message is one line: what happened, and what to do.

    The command line prints it without a traceback and exits with status 1.
    """
