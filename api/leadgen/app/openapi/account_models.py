"""What people send and get who sign up, in and out. Every answer is in the envelope of the second specification."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from leadgen.app.openapi.models import Id, Moment, Uri, says, text
from leadgen.passwords import LEAST, MOST

Email = Annotated[
    str, Meta(min_length=1, max_length=200), says("Upper and lower case are one.", "ann@example.com")
]
NewPassword = Annotated[
    str,
    Meta(min_length=LEAST, max_length=MOST),
    says("Not the e-mail address, not one character over and over.", "correct horse battery"),
]
LinkToken = Annotated[
    str, Meta(min_length=1, max_length=200), says("From the link in the e-mail. It is used once.")
]
Code = Annotated[
    str, Meta(min_length=1, max_length=60), says("Six digits of the app, or a recovery code.", "287082")
]


class SignUp(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who wants to become a buyer."""

    email: Email
    password: NewPassword
    name: Annotated[str, Meta(min_length=1, max_length=200), says("Full name.", "Ann Smith")]
    company: Annotated[str | None, text(200, "Company.", "Smith Plumbing")] = None
    phone: Annotated[str | None, text(40, "Phone.", "+15125550123")] = None


class LogIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who signs in."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=512)]
    code: Annotated[
        str | None, text(60, "Six digits of the app, or a recovery code, if the user has an app.", "287082")
    ] = None
    session: Annotated[
        Literal["cookie", "bearer"] | UnsetType,
        says("cookie, the default: for a browser. bearer: for a program, which is answered a token."),
    ] = UNSET


class EmailAddress(Struct, forbid_unknown_fields=True):
    """Whose password is forgotten."""

    email: Email


class Link(Struct, forbid_unknown_fields=True):
    """What the link in an e-mail says."""

    token: LinkToken


class PasswordByLink(Struct, forbid_unknown_fields=True):
    """A password to be set by the link of a reset or an invitation."""

    token: LinkToken
    password: NewPassword


class PasswordChange(Struct, forbid_unknown_fields=True):
    """The password, and the one that follows it."""

    password_now: Annotated[str, Meta(min_length=1, max_length=512)]
    password: NewPassword


class PasswordForm(Struct):
    """What the form of the page sends."""

    password: NewPassword


class OneTimeCode(Struct, forbid_unknown_fields=True):
    """A code of the app, or a recovery code."""

    code: Code


Scope = Literal["leads", "read", "answer", "pay", "money"]


class KeyToMake(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A key to be made."""

    kind: Annotated[
        Literal["user", "buyer"],
        says("user: of the user, for its programs. buyer: of the buyer that the user is an owner of."),
    ]
    name: Annotated[str, Meta(min_length=1, max_length=200), says("What it is for.", "our CRM")]
    scopes: Annotated[
        list[Scope] | None,
        says(
            "What it may do. read: read. answer: accept and return sales. pay: start a deposit. money: keep the books. "
            "null: read; of a buyer's key all."
        ),
    ] = None
    expires_at: Annotated[Moment | None, says("null: it does not expire.")] = None


class KeyToReplace(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How a key is replaced."""

    overlap_hours: Annotated[
        Annotated[int, Meta(ge=0, le=2160)] | None, says("How long the old key is still taken. null: 24.", 24)
    ] = None
    expires_at: Annotated[
        Moment | None, says("Of the new key. null: it lives as long as the old one was made for.")
    ] = None


class User(Struct):
    """A user, as it sees itself."""

    id: Id
    email: str
    name: str
    role: Literal["admin", "operator", "analyst", "finance", "buyer", "source"]
    status: Literal["pending", "active", "deactivated", "suspended"]
    buyer_id: Annotated[Id | None, says("Of a buyer's user.")]
    source_id: Annotated[Id | None, says("Of a source's user.")]
    member_kind: Annotated[Literal["owner", "member"] | None, says("Of a buyer's user.")]
    has_totp: Annotated[bool, says("Whether a sign-in needs a code.")]


class Binding(Struct):
    """An account at an identity provider by which a user signs in."""

    issuer: str
    created_at: Moment
    used_at: Annotated[Moment | None, says("When it signed in by it last.")]


class ManagedUser(User):
    """A user, as those see it who manage it."""

    bindings: list[Binding]
    company: Annotated[str | None, says("Of a sign-up.")]
    phone: Annotated[str | None, says("Of a sign-up.")]
    created_at: Moment
    verified_at: Annotated[Moment | None, says("When it proved to read mail at its address. null: not yet.")]
    approved_at: Annotated[Moment | None, says("When somebody wanted it here. null: not yet.")]
    signed_in_at: Annotated[Moment | None, says("The last time. null: never.")]


class Invitation(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who is invited, and as what. An owner invites users of its buyer."""

    email: Email
    name: Annotated[str, Meta(min_length=1, max_length=200), says("Full name.", "Bob Jones")]
    role: Literal["admin", "operator", "analyst", "finance", "buyer", "source"]
    buyer_id: Annotated[Id | None, says("With the role buyer. An owner may leave it out.")] = None
    source_id: Annotated[Id | None, says("With the role source.")] = None
    member_kind: Annotated[Literal["owner", "member"] | None, says("With the role buyer.")] = None


class Approval(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Whose user a sign-up becomes."""

    buyer_id: Id
    member_kind: Annotated[Literal["owner", "member"] | None, says("null: owner.")] = None


class StatusChange(Struct, forbid_unknown_fields=True):
    """Whether a user may sign in, and why."""

    status: Annotated[
        Literal["active", "suspended", "deactivated"],
        says("suspended: for a while. deactivated: it has left, or a sign-up is refused."),
    ]
    reason: Annotated[
        str, Meta(min_length=1, max_length=300), says("Kept in the events, so no names in it.", "has left")
    ]


class BindingsRemoval(Struct, forbid_unknown_fields=True):
    """Why bindings are removed."""

    reason: Annotated[
        str,
        Meta(min_length=1, max_length=300),
        says("Kept in the events, so no names in it.", "a new account"),
    ]


class Session(Struct):
    """Where a user is signed in."""

    id: Id
    created_at: Moment
    seen_at: Annotated[Moment, says("To the minute.")]
    expires_at: Moment
    address: str | None
    agent: Annotated[str | None, says("User-Agent of the sign-in.")]
    is_current: Annotated[bool, says("Whether it is the session that asks.")]


class Me(Struct):
    """Who is signed in."""

    user: User
    session: Session
    csrf_token: Annotated[
        str | None,
        says("Goes in X-CSRF-Token of every request that changes something. null: a bearer token."),
    ]


class SignedIn(Me):
    """Who has signed in."""

    token: Annotated[str | None, says("For Authorization: Bearer. null: the session is in the cookie.")]


class Done(Struct):
    """What it came to."""

    status: Annotated[
        str, says("check_mail, signed_out, removed, sent; of a link: the user's status, pending or active.")
    ]


class Revoked(Struct):
    """How many sessions ended."""

    revoked: int


class Totp(Struct):
    """What an app needs."""

    secret: Annotated[str, says("Base32, to be typed.", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    uri: Annotated[Uri, says("otpauth://, to be shown as a QR code.")]


class RecoveryCodes(Struct):
    """Codes that stand in for the app, each once. They are not shown again."""

    recovery_codes: list[str]


class Key(Struct):
    """A key, in force or not any more."""

    id: Id
    kind: Literal["user", "buyer"]
    name: str
    prefix: Annotated[
        str | None, says("The readable part of the key: lg_b_k7m2x9qa_… has k7m2x9qa. null: an old key.")
    ]
    scopes: list[Scope]
    source_id: None
    buyer_id: Annotated[Id | None, says("Of a buyer's key.")]
    user_id: Annotated[Id | None, says("Of a user's key.")]
    created_at: Moment
    expires_at: Annotated[Moment | None, says("null: it does not expire.")]
    last_used_at: Annotated[Moment | None, says("To the minute. null: not yet.")]
    revoked_at: Annotated[Moment | None, says("null: it was not.")]


class NewKey(Key):
    """A key that was just made. It is not shown again."""

    key: Annotated[str, says("The key.", "lg_b_k7m2x9qa_w4c9h2m7tq5xkz8bn3vd6yjr4efg2sup")]


class ReplacedKey(NewKey):
    """A key in the place of another."""

    replaces: Key


class RevokedKey(Struct):
    """Whether it was revoked now."""

    revoked: Annotated[bool, says("false: it was before.")]


class UsersAnswer(Struct):
    """Users, by id."""

    success: Literal[True]
    data: list[ManagedUser]


class ManagedUserAnswer(Struct):
    """A user."""

    success: Literal[True]
    data: ManagedUser


class KeysAnswer(Struct):
    """Keys, the one made last first."""

    success: Literal[True]
    data: list[Key]


class NewKeyAnswer(Struct):
    """A key was made."""

    success: Literal[True]
    data: NewKey


class ReplacedKeyAnswer(Struct):
    """A key was replaced."""

    success: Literal[True]
    data: ReplacedKey


class RevokedKeyAnswer(Struct):
    """A key is revoked."""

    success: Literal[True]
    data: RevokedKey


class PasskeyResponse(Struct, forbid_unknown_fields=False, omit_defaults=True):
    """What the device made, in base64url. Of a new passkey attestationObject, of a sign-in the others."""

    clientDataJSON: Annotated[str, Meta(min_length=1, max_length=6000)]  # noqa: N815  the standard's name
    attestationObject: Annotated[str, Meta(max_length=6000)] | UnsetType = UNSET  # noqa: N815
    authenticatorData: Annotated[str, Meta(max_length=6000)] | UnsetType = UNSET  # noqa: N815
    signature: Annotated[str, Meta(max_length=6000)] | UnsetType = UNSET


class Credential(Struct, omit_defaults=True):
    """A PublicKeyCredential as its toJSON() writes it."""

    id: Annotated[str, Meta(min_length=1, max_length=6000)]
    rawId: Annotated[str, Meta(min_length=1, max_length=6000)]  # noqa: N815
    type: Literal["public-key"]
    response: PasskeyResponse


class PasskeyToAdd(Struct, forbid_unknown_fields=True):
    """A new passkey."""

    name: Annotated[str, Meta(min_length=1, max_length=200), says("Which device it is.", "my phone")]
    credential: Credential


class PasskeyLogIn(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who signs in with a passkey."""

    credential: Credential
    session: Annotated[
        Literal["cookie", "bearer"] | UnsetType,
        says("cookie, the default: for a browser. bearer: for a program."),
    ] = UNSET


class Passkey(Struct):
    """A passkey."""

    id: Id
    name: str
    created_at: Moment
    used_at: Annotated[Moment | None, says("When it signed in last. null: not yet.")]


class PasskeyOptions(Struct):
    """What the page hands to the browser."""

    public_key: Annotated[
        dict[str, Any],
        says(
            "publicKey, by PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON."
        ),
    ]


class PasskeyAnswer(Struct):
    """A passkey."""

    success: Literal[True]
    data: Passkey


class PasskeysAnswer(Struct):
    """The user's passkeys."""

    success: Literal[True]
    data: list[Passkey]


class PasskeyOptionsAnswer(Struct):
    """Options for the browser."""

    success: Literal[True]
    data: PasskeyOptions


class DoneAnswer(Struct):
    """It was done."""

    success: Literal[True]
    data: Done


class SignedInAnswer(Struct):
    """A sign-in."""

    success: Literal[True]
    data: SignedIn


class MeAnswer(Struct):
    """Who is signed in."""

    success: Literal[True]
    data: Me


class SessionsAnswer(Struct):
    """Sessions in force, the one used last first."""

    success: Literal[True]
    data: list[Session]


class RevokedAnswer(Struct):
    """Sessions that ended."""

    success: Literal[True]
    data: Revoked


class TotpAnswer(Struct):
    """An app to be confirmed."""

    success: Literal[True]
    data: Totp


class RecoveryCodesAnswer(Struct):
    """New recovery codes."""

    success: Literal[True]
    data: RecoveryCodes
