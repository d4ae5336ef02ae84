"""Posting: an API that is not there is an error for people."""

import pytest

from leadgen.demo.leads import make_leads
from leadgen.demo.posting import post_leads
from leadgen.errors import LeadGenError


async def test_an_api_that_does_not_answer_is_said() -> None:
    with pytest.raises(LeadGenError, match=r"posting \d+ got no answer: ClientConnector"):
        await post_leads("http://127.0.0.1:1", make_leads(1), "lg_key", lambda: None)
