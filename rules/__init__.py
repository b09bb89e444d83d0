"""What both sides of the wall must compute alike, pure."""
