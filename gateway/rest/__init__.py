"""The REST endpoints: one router per resource, each with the models of its requests and answers."""
