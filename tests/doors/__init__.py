"""The doors between modules: sql/doors.toml against what the functions do."""
