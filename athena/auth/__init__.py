"""Who calls: sign-in, tokens, sessions of the console, the identity provider, and what follows from them."""
