"""Other protocols over the same services: each says the same in another form."""
