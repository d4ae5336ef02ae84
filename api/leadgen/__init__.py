"""LeadGen: PostgreSQL judges and sells a lead; this package is the HTTP door, the delivery worker and the CLI."""
