"""The loop that tests wait in."""

import pytest

from rig.waiting import wait_until, wait_until_async


def test_it_looks_again_until_the_answer_is_true() -> None:
    answers = iter([None, 0, "", "here"])
    assert wait_until(lambda: next(answers), pause=0) == "here"


def test_it_gives_up_with_the_explanation() -> None:
    with pytest.raises(AssertionError, match=r"^not within 0.01 s: three are left$"):
        wait_until(lambda: False, lambda: "three are left", patience=0.01, pause=0.001)


def test_what_goes_wrong_while_looking_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 // 0)


async def test_on_a_loop_it_takes_functions_and_coroutine_functions() -> None:
    answers = iter([False, True, False, True])

    async def look() -> bool:
        return next(answers)

    await wait_until_async(lambda: next(answers), pause=0)
    await wait_until_async(look, pause=0)
    assert list(answers) == []
    with pytest.raises(AssertionError, match="it never came true"):
        await wait_until_async(lambda: False, patience=0.01, pause=0.001)
