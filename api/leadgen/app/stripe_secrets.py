"""What Stripe signs its events with, and whether one is Stripe's. The package `stripe` is not needed for it."""

import hmac
import re
from hashlib import sha256
from typing import NamedTuple, Self

from leadgen.settings import Settings

TOLERANCE_SECONDS = 300  # by how much the signature's time may differ from ours


class StripeSecrets(NamedTuple):
    """What events are signed with, and under which hash a rate limit counts them."""

    secret: str
    key_hash: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """By the settings; None where there are no payments by Stripe."""
        secret = settings.stripe_webhook_secret
        return None if secret is None else cls(secret, sha256(secret.encode()).hexdigest())

    def has_signed(self, body: bytes, signature: str, now: float) -> bool:
        """Whether Stripe signed this body, at about this time."""
        parts = [part.partition("=")[::2] for part in signature.split(",")]
        times = [value for name, value in parts if name.strip() == "t"]
        if len(times) != 1 or not re.fullmatch(r"[0-9]{1,11}", times[0]):
            return False
        if abs(now - int(times[0])) > TOLERANCE_SECONDS:
            return False
        signed = times[0].encode() + b"." + body
        wanted = hmac.new(self.secret.encode(), signed, sha256).hexdigest().encode()
        given = [value.encode() for name, value in parts if name.strip() == "v1"]
        return any(hmac.compare_digest(wanted, one) for one in given)
