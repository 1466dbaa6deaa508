"""The database's migrations, dated, run by ``athena migrate`` and at every start."""
