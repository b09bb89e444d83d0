"""Kill loops on the real thing: a real broker, real processes, SIGKILL, and the venue's own record."""
