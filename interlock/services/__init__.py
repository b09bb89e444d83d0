"""Local services: a real Kafka and a real registry on loopback, with nothing to install by hand."""
