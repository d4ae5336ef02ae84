"""Sealed texts, the keys around them, and what of a lead is sealed: it comes out as it went in, or says why not."""

import base64
import hashlib
import hmac
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from leadgen import bounded
from leadgen.sealing.envelope import DataKey, SealError, open_sealed, seal
from leadgen.sealing.keyring import KeyRing, load_ring, make_key
from leadgen.sealing.leads import (
    Contact,
    add_sealing,
    fill_body,
    guess_lead,
    open_lead,
    seal_wanted,
)
from leadgen.sealing.vault import LIFE, Row, Vault, pad

KEY = DataKey(7, AESGCM(bytes(32)))
TEXT = st.text()
MAYBE = st.none() | TEXT
NOW = datetime(2026, 11, 20, tzinfo=UTC)

KMS = """\
#!/usr/bin/env python3
# Wraps by turning round: what a key management service would do.
import base64, sys
value = base64.b64decode(sys.stdin.read())
print(base64.b64encode(b"kms" + value[::-1] if sys.argv[1] == "wrap" else value[3:][::-1]).decode())
"""


def make_vault(ring: KeyRing | None = None) -> Vault:
    """A vault with its keys, as a program makes them."""
    ring = ring or load_ring(make_key("first"), None, None)
    assert ring
    vault = Vault(ring)
    rows = [Row(n, *vault.make(purpose), NOW, False) for n, purpose in enumerate(("digest", "data"), start=1)]
    vault.load(rows)
    return vault


VAULT = make_vault()


def make_digests(vault: Vault, email: str, phone: str) -> tuple[str, str]:
    """What the row of a lead has in the place of its phone and its e-mail."""
    return (
        f"#{vault.digest(f'phone:{phone}')[:16]}*23" if phone else "",
        f"#{vault.digest(f'email:{email}')[:24]} j***@e***.com" if email else "",
    )


@given(st.binary())
def test_what_is_sealed_is_opened(text: bytes) -> None:
    sealed = seal(KEY, "lead", text)
    assert open_sealed(KEY, "lead", sealed) == text
    assert seal(KEY, "lead", text) != sealed


@given(st.binary(min_size=1), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_text_that_was_altered_is_refused(text: bytes, place: int, change: int) -> None:
    sealed = bytearray(seal(KEY, "lead", text))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(SealError) as error:
        make_vault().open("lead", bytes(sealed))
    assert text.decode("latin-1") not in str(error.value) or len(text) < 3


@pytest.mark.parametrize("cut", [0, 1, 8, 20, 36])
def test_a_torn_text_is_named(cut: int) -> None:
    with pytest.raises(SealError, match="torn"):
        make_vault().open("lead", seal(KEY, "lead", b"text")[:cut])


def test_a_submission_is_no_lead() -> None:
    vault = make_vault()
    with pytest.raises(SealError, match="a sealed lead cannot be opened by data key 2"):
        vault.open("lead", vault.seal("submission", b"{}"))


@given(TEXT, TEXT, TEXT, MAYBE, MAYBE)
def test_a_lead_comes_out_as_it_went_in(
    name: str, email: str, phone: str, extension: str | None, message: str | None
) -> None:
    document = {"contact": [name, email, phone, extension, message], "submitted": {"name": name, "n": 1.10}}
    wanted = json.dumps({"status": "seal", "kind": "lead", "digest": "d", "document": document})
    (blob,) = seal_wanted(VAULT, wanted).values()
    contact, submitted = open_lead(VAULT, base64.b64decode(blob), make_digests(VAULT, email, phone))
    assert (list(contact), submitted) == (document["contact"], document["submitted"])


@pytest.mark.parametrize(
    ("email", "phone"),
    [
        ("b@x.example", "+15125550123"),
        ("a@x.example", "+15125550124"),
        ("", "+15125550123"),
        ("a@x.example", ""),
    ],
)
def test_a_text_that_was_sealed_for_another_row_is_refused(email: str, phone: str) -> None:
    document = {"contact": ["A", "a@x.example", "+15125550123", None, None], "submitted": {}}
    sealed = VAULT.seal("lead", json.dumps(document).encode())
    assert open_lead(VAULT, sealed, make_digests(VAULT, "a@x.example", "+15125550123"))[0].name == "A"
    with pytest.raises(SealError, match="of another row"):
        open_lead(VAULT, sealed, make_digests(VAULT, email, phone))


@given(TEXT, TEXT, TEXT, MAYBE, MAYBE, TEXT)
def test_a_body_is_filled_once(
    name: str, email: str, phone: str, extension: str | None, message: str | None, city: str
) -> None:
    body = (
        '{"data" : {"lead" : {"name" : null, "email" : null, "phone" : null, "phone_extension" : null, '
        f'"city" : {json.dumps(city, ensure_ascii=False)}, "message" : null, "attributes" : {{}}}}}}}}'
    )
    filled = fill_body(body, Contact(name, email, phone, extension, message))
    assert json.loads(filled)["data"]["lead"] == {
        "name": name,
        "email": email,
        "phone": phone,
        "phone_extension": extension,
        "city": city,
        "message": message,
        "attributes": {},
    }


def test_a_guess_is_under_the_digest_of_its_contact() -> None:
    vault = make_vault()
    payload = {
        "name": " Jane  Doe ",
        "email": "JANE@x.example ",
        "phone": "(512) 555-0123",
        "message": "a\n b",
    }
    (digest,) = guess_lead(vault, json.dumps(payload))
    contact = '["Jane Doe", "jane@x.example", "+15125550123", null, "a\\nb"]'
    assert digest == hashlib.sha256(contact.encode()).hexdigest()


@pytest.mark.parametrize(
    "payload", ["[]", '{"name": 1}', '{"phone": "call me"}', '{"phone": "0301", "country_code": "DE"}']
)
def test_what_is_hard_to_say_is_not_guessed(payload: str) -> None:
    assert guess_lead(make_vault(), payload) == {}


@pytest.mark.parametrize("context", ["{}", '{"ip_address": "192.0.2.1"}', " { } "])
def test_a_context_keeps_what_it_has(context: str) -> None:
    vault = make_vault()
    said = json.loads(add_sealing(context, vault, {"d": "b"}))
    assert said.pop("sealing") == {"hash_key": vault.hash_key, "blobs": {"d": "b"}}
    assert said == json.loads(context)


@given(st.binary(min_size=32, max_size=32), st.binary())
def test_the_padded_key_makes_hmac(key: bytes, message: bytes) -> None:
    blocks = pad(key)
    inner = hashlib.sha256(blocks[:64] + message).digest()
    assert hashlib.sha256(blocks[64:] + inner).digest() == hmac.digest(key, message, "sha256")


def test_a_data_key_seals_for_a_day() -> None:
    vault = make_vault()
    assert vault.list_missing(NOW + LIFE - timedelta(seconds=1)) == []
    assert vault.list_missing(NOW + LIFE) == ["data"]
    assert Vault(vault.ring).list_missing(NOW) == ["digest", "data"]


def test_a_key_that_is_missing_is_named() -> None:
    old, new = make_key("old"), make_key("new")
    old_ring, both, new_ring = (load_ring(keys, None, None) for keys in (old, f"{new}, {old}", new))
    assert old_ring
    assert both
    assert new_ring
    before = Vault(old_ring)
    digest, data = (Row(n, *before.make(p), NOW, False) for n, p in ((1, "digest"), (2, "data")))
    before.load([digest, data])
    sealed = before.seal("lead", b"text")
    after = Vault(both)
    after.load([digest, data])
    assert after.open("lead", sealed) == b"text"
    with pytest.raises(SealError, match="wrapped by old, which is not among the keys here"):
        Vault(new_ring).load([digest, data])
    moved = Vault(new_ring)
    moved.load([Row(1, *make_vault(new_ring).make("digest"), NOW, False), data])
    assert moved.faults
    with pytest.raises(SealError, match="set PII_KEYS with key old"):
        moved.open("lead", sealed)
    with pytest.raises(SealError, match="key old is another"):
        Vault(load_ring(make_key("old"), None, None) or new_ring).load([digest])


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("x", "key 1 is not id:base64"),
        ("a:AAAA", "key 1 is not id:base64"),
        ("a b:" + "A" * 43 + "=", "key 1 is not"),
        ("command:" + "A" * 43 + "=", "key 1 is not"),
        (",".join(["a:" + "A" * 43 + "="] * 2), "two keys have the id a"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused(keys: str, says: str) -> None:
    with pytest.raises(SealError, match=says) as error:
        load_ring(keys, None, None)
    assert "AAAA" not in str(error.value)


def test_keys_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{make_key('one')}\n{make_key('two')}\n")
    ring = load_ring(make_key("zero"), str(file), None)
    assert ring
    assert ring.current == "zero"
    with pytest.raises(SealError, match="PII_KEYS_FILE"):
        load_ring(None, str(tmp_path / "none"), None)
    assert load_ring(None, None, None) is None


def test_a_file_of_keys_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SealError, match="PII_KEYS_FILE: /dev/zero: more than 65,536 bytes"):
        load_ring(None, "/dev/zero", None)
    monkeypatch.setattr(bounded, "SECONDS", 0.3)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealError, match=r"it took more than 0\.3 s"):
        load_ring(None, str(tmp_path / "pipe"), None)


@pytest.mark.parametrize("command", [" ", "kms 'wrap"])
def test_a_command_that_cannot_be_read_is_refused(command: str) -> None:
    with pytest.raises(SealError, match="PII_KEY_COMMAND: a command is needed"):
        load_ring(None, None, command)


def test_a_command_may_wrap(tmp_path: Path) -> None:
    command = tmp_path / "kms"
    command.write_text(KMS)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    ring = load_ring(None, None, str(command))
    assert ring
    wrapped = ring.wrap(bytes(range(32)), "data")
    assert (wrapped[:3], ring.unwrap(wrapped, "command", "data")) == (b"kms", bytes(range(32)))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("false", "ended with status 1"),
        ("/no/such/command", "No such file"),
        ("echo ?", "its answer is not base64"),
        ("yes", "more than 16,384 bytes"),
        ("sh -c 'sleep 60 & sleep 60'", "it took more than 0.3 s"),
        ("sh -c 'exec >&-; sleep 60'", "it took more than 0.3 s"),
    ],
)
def test_a_command_that_fails_is_named(command: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "sleep" in command:
        monkeypatch.setattr(bounded, "SECONDS", 0.3)
    ring = load_ring(None, None, command)
    assert ring
    with pytest.raises(SealError, match=f"PII_KEY_COMMAND: .*{says}"):
        ring.wrap(bytes(32), "data")
