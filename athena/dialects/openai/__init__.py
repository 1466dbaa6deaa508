"""``/v1``: agents, workflows and models as OpenAI's API has models."""
