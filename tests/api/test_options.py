"""The options of programs stand in three signatures, for three readers. Here they are held to be one list."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

import mqsim as mq
from mqsim.runs.options import ProgramOptions

OWN = {"run_programs": {"listener"}, "every_crash": {"who", "restart_after", "progress"}}


@pytest.mark.parametrize("name", OWN)
def test_a_function_has_the_options_of_programs_and_its_own(name: str) -> None:
    signature = inspect.signature(getattr(mq, name))
    names = [each for each in signature.parameters if each not in OWN[name]]
    assert names == [field.name for field in dataclasses.fields(ProgramOptions)]
    assert OWN[name] <= set(signature.parameters)


def test_an_option_is_described_by_the_function_as_by_the_list() -> None:
    def told(text: str | None) -> dict[str, str]:
        found = {}
        for line in inspect.cleandoc(text or "").splitlines():
            option, colon, what = line.strip().partition(": ")
            if colon and option.isidentifier():
                found[option] = what
        return found

    listed, said = told(ProgramOptions.__doc__), told(mq.run_programs.__doc__)
    names = {field.name for field in dataclasses.fields(ProgramOptions)} - {"programs"}
    assert {each: said[each] for each in names} == {each: listed[each] for each in names}


@pytest.mark.parametrize("name", OWN)
def test_every_option_reaches_the_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option is given a value that nothing else has, and the options that arrive hold exactly those."""
    import mqsim.runs as runs

    arrived = []

    def keep(options: ProgramOptions, *_: object, **__: object) -> None:
        arrived.append(options)
        raise StopIteration

    monkeypatch.setattr(runs, name, keep)
    fields = [field.name for field in dataclasses.fields(ProgramOptions) if field.name != "programs"]
    given = {each: object() for each in fields}
    with pytest.raises(StopIteration):
        getattr(mq, name)({"a": "a.py"}, **given)
    assert {each: getattr(arrived[0], each) for each in fields} == given
