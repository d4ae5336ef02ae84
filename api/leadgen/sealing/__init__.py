"""Personal data sealed at rest: keys, sealed texts, and what of a lead is sealed."""
