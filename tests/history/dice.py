"""What a history draws from: bytes, each a choice; a zero is the plainest, so that shrinking makes plain."""


class Dice:
    """Reads choices from bytes; when they run out, every further choice is the plainest."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def below(self, n):
        """A number from 0 to n - 1."""
        byte = self.data[self.at] if self.at < len(self.data) else 0
        self.at += 1
        return byte % n

    def of(self, *options):
        """One of the options; the first is the plainest."""
        return options[self.below(len(options))]

    def rarely(self, n):
        """True once in n."""
        return self.below(n) == n - 1
