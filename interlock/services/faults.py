"""The one refusal of local services: what failed, and what to do about it."""


class ServicesError(RuntimeError):
    """A local service could not be had. `fix` is the next thing a person can do."""

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(f"{what}\nfix: {fix}")
        self.what = what
        self.fix = fix
