"""The database: finding or starting one, bringing it to the declared state, comparing it with that state."""
