"""Command room tasks: what people do in their applications, and what of it comes again and again."""
