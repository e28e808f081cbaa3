"""The one exception for a wrong input: its message is a sentence for the person who gave it."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message names what is wrong, what came, what was expected and what to do. The command line
    prints it as it stands, without a traceback; anything else that escapes is a bug of ours.

    Attributes:
        exit_status: what the command line exits with.
    """

    exit_status = 1
