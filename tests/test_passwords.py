"""Passwords: which are taken, and that API, database and argon2-cffi mean the same by a digest."""

from collections.abc import Callable
from hashlib import sha256

import argon2
import psycopg
import pyotp
import pytest
from argon2.low_level import Type, hash_secret_raw

from leadgen.passwords import DIGEST_BYTES, SALT_BYTES, Challenge, compute_digest, find_fault, make_challenge

Connect = Callable[..., psycopg.Connection]


def test_a_new_password_costs_what_everybody_says(connect: Connect) -> None:
    _, *cost = make_challenge()
    profile = argon2.profiles.RFC_9106_LOW_MEMORY
    assert cost == [profile.memory_cost, profile.time_cost, profile.parallelism]
    assert (profile.salt_len, profile.hash_len) == (SALT_BYTES, DIGEST_BYTES)
    assert cost == [argon2.DEFAULT_MEMORY_COST, argon2.DEFAULT_TIME_COST, argon2.DEFAULT_PARALLELISM]
    known = (
        connect().execute("select memory_kib, passes, lanes from identity.list_password_costs()").fetchone()
    )
    assert known == tuple(cost)


def test_a_digest_is_argon2id() -> None:
    challenge = Challenge(b"s" * 16, 8192, 2, 1)
    expected = hash_secret_raw(b"open sesame", b"s" * 16, 2, 8192, 1, 32, Type.ID)
    assert compute_digest("open sesame", challenge) == expected
    assert compute_digest("open sesame ", challenge) != expected


def test_keyboards_that_write_a_letter_in_two_ways_write_one_password() -> None:
    challenge = Challenge(b"s" * 16, 8192, 1, 1)
    assert compute_digest("se\u0301same", challenge) == compute_digest("s\u00e9same", challenge)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x1" * 6, None),
        ("x1" * 64, None),
        ("x1x1x1x1x1x", "11 characters"),
        ("x1" * 64 + "x", "129 characters"),
        ("e\u0301" * 11, "11 characters"),
        ("aaaaaaaaaaaa", "one character over and over"),
        ("Ann@People.Example", "the e-mail address"),
        ("\U0001f600x" * 6, None),
    ],
)
def test_which_passwords_are_taken(password: str, fault: str | None) -> None:
    assert find_fault(password, "ann@people.example") == fault


def test_codes_are_those_of_an_app(connect: Connect) -> None:
    secret = sha256(b"secret").digest()[:20]
    session = connect()
    row = session.execute("select kernel.write_base32(%s)", [secret]).fetchone()
    assert row
    app = pyotp.TOTP(row[0])
    for step in (0, 1, 59_000_000, 2**33):
        code = session.execute("select kernel.compute_totp(%s, %s)", [secret, step]).fetchone()
        assert code == (app.generate_otp(step),)
