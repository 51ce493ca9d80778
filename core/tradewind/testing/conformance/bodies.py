"""Bodies that nobody promised never to send: broken, odd, or genuine with one thing changed."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

ODD: Sequence[bytes] = (
    b"",
    b" ",
    b"\x00",
    b"\xff\xfe\x00",
    b"null",
    b"true",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[[[[[[[[]]]]]]]]",
    b'{"":{"":{"":null}}}',
    b'{"object":7,"type":[],"id":null,"data":"x","entry":{}}',
    b"not json at all",
    b"a=1&a=2&%zz",
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b"9" * 5_000,
)

_REPLACEMENTS: Sequence[Any] = (None, True, -1, 1e300, "", "\x00\U0001f9fa", [], [None], {})


def odd_bodies(samples: Sequence[bytes]) -> Iterator[bytes]:
    """Bodies that must be taken without an exception; `samples` are genuine ones to be changed."""
    yield from ODD
    for sample in samples:
        yield sample[: len(sample) // 2]
        yield sample[:-1]
        yield sample + b"}"
        try:
            tree = json.loads(sample)
        except ValueError:
            continue
        yield from (_encoded(variation) for variation in _variations(tree) if variation != tree)


def _variations(tree: Any) -> Iterator[Any]:
    """Each place taken away, and replaced by two things it never was."""
    for number, path in enumerate(_places(tree)):
        yield _without(tree, path)
        for turn in range(2):
            new = _REPLACEMENTS[(2 * number + turn) % len(_REPLACEMENTS)]
            yield _changed(tree, path, new)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children: Any = ()
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    for key, child in children:
        yield from _places(child, (*path, key))


def _changed(node: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = node.copy()
    copy[path[0]] = _changed(node[path[0]], path[1:], new)
    return copy


def _without(node: Any, path: tuple[Any, ...]) -> Any:
    copy = node.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(node[path[0]], path[1:])
    return copy


def _encoded(tree: Any) -> bytes:
    return json.dumps(tree).encode()
