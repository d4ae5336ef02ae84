"""The names of rig.catalogue, for tests that still look for them here."""

from rig.catalogue import Catalogue, Offer, insert, make_lead

__all__ = ["Catalogue", "Offer", "insert", "make_lead"]
