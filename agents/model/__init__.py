"""The shipped model of the stream lane: what it sees, how it was taught, how it is asked and checked."""
