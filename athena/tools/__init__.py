"""Tools: what agents and workflows can have done, each type of tool in a file of ``kinds``."""
