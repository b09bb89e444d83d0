"""The rails: how records move. One exactly-once loop over a `Log` port, its Kafka and its simulated form."""
