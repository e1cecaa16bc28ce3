#!/usr/bin/env python3
"""Would the real API take these requests? Reads a JSON list of bodies; the types of the openai
package, made strict by pydantic, decide. Runs in the environment where that package lies."""
import json
import sys
import typing

import pydantic
import typing_extensions
from openai.types.chat import completion_create_params as params

SEEN = set()


def strict(t):
    """Every TypedDict that can be reached from t refuses unknown fields."""
    if id(t) in SEEN:
        return
    SEEN.add(id(t))
    if typing_extensions.is_typeddict(t):
        t.__pydantic_config__ = pydantic.ConfigDict(extra="forbid")
        for hint in typing_extensions.get_type_hints(t, include_extras=True).values():
            strict(hint)
    for a in typing.get_args(t):
        strict(a)


def walk(v):
    """Iterables are checked when they are iterated, not before."""
    if isinstance(v, dict):
        for x in v.values():
            walk(x)
    elif not isinstance(v, (str, bytes)) and hasattr(v, "__iter__"):
        for x in v:
            walk(x)


def main():
    T = params.CompletionCreateParamsStreaming
    strict(T)
    adapter = pydantic.TypeAdapter(T)
    bodies = json.load(sys.stdin)
    for body in bodies:
        try:
            walk(adapter.validate_python(body))
        except pydantic.ValidationError as e:
            print(f"refused: {e}\n{json.dumps(body)[:2000]}")
            return 1
    try:  # the judge itself must bite
        walk(adapter.validate_python(dict(bodies[0], surprise=1)))
        print("the judge takes anything")
        return 1
    except pydantic.ValidationError:
        pass
    print(f"{len(bodies)} requests are as the API wants them")
    return 0


sys.exit(main())
