"""The one joiner: many signed answers in, one signed window or one proven claim out, whatever the order."""
