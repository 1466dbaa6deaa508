"""Large language models: the catalogue, what each account offers, and the way from a name to an endpoint."""
