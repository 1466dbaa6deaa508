"""Responses: the other form of this dialect in which runs are asked for, kept, followed and gone on from."""
