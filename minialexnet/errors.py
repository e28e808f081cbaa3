"""The one exception for a wrong input: its message is a sentence written for the person who gave it."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message names what is wrong, what came, what was expected and what to do. The command line
    prints it as it stands and exits with status 1; anything else that escapes is a bug of ours.

    Attributes:
        exit_status: what the command line exits with.
    """

    exit_status = 1
