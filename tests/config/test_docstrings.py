"""Help texts from docstrings."""

from __future__ import annotations

from adaseq.config.docstrings import argument_help, summary


class Base:
    """A base.

    Args:
        first: of the base.
        second: of the base.
    """


class Derived(Base):
    """Does something
    in two lines.

    More about it.

    Args:
        second: goes on
            here: with a colon

            and here.
        third (int, optional): in another style (default: 3)

    Raises:
        ValueError: never.
    """

    def __init__(self, second: int, third: int, fourth: int) -> None:
        """Make one.

        Args:
            fourth: of the constructor.
        """


def test_the_summary_is_the_first_paragraph_on_one_line() -> None:
    assert summary(Derived) == "Does something in two lines."


def test_arguments_are_found_in_the_class_its_constructor_and_its_bases() -> None:
    assert argument_help(Derived) == {
        "first": "of the base.",
        "second": "goes on here: with a colon and here.",
        "third": "in another style (default: 3)",
        "fourth": "of the constructor.",
    }


def test_a_class_without_a_docstring() -> None:
    class Silent:
        pass

    assert argument_help(Silent) == {} and summary(Silent) == ""
