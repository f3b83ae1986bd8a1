"""From a source to the warehouse: the event contract, topics, broker, connectors, producer, sink and dead letters."""
