"""Calls to payment providers: which one and with what, the database says; what an answer means, too."""
