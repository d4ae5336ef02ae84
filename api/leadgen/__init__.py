"""LeadGen: PostgreSQL judges and sells a lead; this package is HTTP door, delivery worker and CLI."""
