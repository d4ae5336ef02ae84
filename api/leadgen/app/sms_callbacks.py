"""Where Twilio's status callbacks come in, and whether one is Twilio's."""

from hashlib import sha256
from typing import NamedTuple, Self

from twilio.request_validator import RequestValidator

from leadgen.settings import Settings


class SmsCallbacks(NamedTuple):
    """Where callbacks come in, and what they are signed with."""

    public_url: str
    auth_token: str
    key_hash: str  # under which a rate limit counts what is signed

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """By the settings; None where there are no callbacks."""
        if settings.public_url is None or settings.twilio_auth_token is None:
            return None
        token = settings.twilio_auth_token
        return cls(settings.public_url.rstrip("/"), token, sha256(token.encode()).hexdigest())

    def is_signed(self, path_and_query: str, fields: dict[str, str], signature: str) -> bool:
        """Whether the fields come from Twilio."""
        address = self.public_url + path_and_query
        return bool(RequestValidator(self.auth_token).validate(address, fields, signature))
