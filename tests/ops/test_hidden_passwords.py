"""`ps` shows a command to everybody: no password is part of one."""

import pytest

from leadgen.db.backups import hide_password


@pytest.mark.parametrize(
    ("url", "shown", "secret"),
    [
        ("postgresql://leadgen@db/leadgen", "postgresql://leadgen@db/leadgen", None),
        ("postgresql://u:a%2Fb@db/x?sslmode=require", "postgresql://u@db/x?sslmode=require", "a/b"),
        (
            "postgresql://db/x?user=u&password=p%26q&sslmode=require",
            "postgresql://db/x?user=u&sslmode=require",
            "p&q",
        ),
        ("postgresql://u:one@db/x?password=two", "postgresql://u@db/x", "two"),
        ("postgresql://u@db/x?pass%77ord=two", "postgresql://u@db/x", "two"),
    ],
)
def test_a_password_is_in_the_environment_wherever_the_url_has_it(
    url: str, shown: str, secret: str | None
) -> None:
    assert hide_password(url) == (shown, {"PGPASSWORD": secret} if secret else {})
