"""An expression tells which values it names, and where in its text."""

import pytest

from server.core import cel
from server.core.cel import ExpressionInvalid, Kind, ListOf, Variables

ANY = Variables(dict.fromkeys(("input", "steps", "item"), Kind.JSON))


def paths(text: str) -> list[tuple[str, int, int]]:
    return [(str(path), path.line, path.column) for path in cel.compile(text, variables=ANY).paths]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input.a.b", [("input.a.b", 1, 1)]),
        ("1 + 2", []),
        ("has(input.a) &&\n  input.b > item", [("input.a", 1, 5), ("input.b", 2, 3), ("item", 2, 13)]),
        ("input['a b'].c", [("input.a b.c", 1, 1)]),
        ("input[0].a", [("input", 1, 1)]),
        ("input[item.key]", [("input", 1, 1), ("item.key", 1, 7)]),
        ("input.f(item)", None),
        ("{'x': input.a, input.k: [item]}", [("input.a", 1, 7), ("input.k", 1, 16), ("item", 1, 26)]),
        ("input.l.map(item, item.x + steps.y)", [("input.l", 1, 1), ("steps.y", 1, 28)]),
        ("input.l.exists(x, x.all(y, y > item.z))", [("input.l", 1, 1), ("item.z", 1, 32)]),
        ("item + input.l.map(item, item)[0]", [("item", 1, 1), ("input.l", 1, 8)]),
    ],
)
def test_paths_are_told_in_order_without_variables_of_loops(text: str, expected: list[tuple[str, int, int]] | None):
    if expected is None:
        with pytest.raises(ExpressionInvalid):
            paths(text)
    else:
        assert paths(text) == expected


def test_a_path_says_whether_it_is_everything_and_how_much_of_it_is_dotted():
    (path,) = cel.compile("input.a['b'].c", variables=ANY).paths
    assert (path.names, path.dotted, path.is_whole) == (("input", "a", "b", "c"), 2, True)
    for text in ("has(input.a)", "input.a + 1", "[input.a]"):
        (path,) = cel.compile(text, variables=ANY).paths
        assert not path.is_whole


SHAPED = Variables(
    {
        "input": {
            "n": Kind.INT,
            "x": Kind.DOUBLE,
            "lines": ListOf({"sku": Kind.STRING, "tags": ListOf(Kind.STRING)}),
            "table": ListOf(ListOf(Kind.INT)),
            "inner": {"inner": {"ok": Kind.BOOL}},
        },
        "rows": ListOf(Kind.INT),
        "any": Kind.JSON,
    }
)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("input.lines[0].sku", "STRING"),
        ("input.lines.map(line, line.tags)", "LIST"),
        ("input.inner.inner.ok", "BOOL"),
        ("rows[0] + input.n", "INT"),
        ("input.x + 1.0", "DOUBLE"),
        ("input.table[0][0]", "DYN"),
        ("any.thing", "DYN"),
    ],
)
def test_nested_shapes_are_checked(text: str, type_: str):
    assert type_ in cel.check(text, variables=SHAPED).name().upper()


@pytest.mark.parametrize(
    "text", ["input.lines[0].skew", "input.inner.inner.ok + 1", "rows[0] + 'x'", "input.x + 1", "input.lines.sku"]
)
def test_what_does_not_fit_nested_shapes_is_refused(text: str):
    with pytest.raises(ExpressionInvalid):
        cel.check(text, variables=SHAPED)


def test_all_faults_of_one_text_are_told():
    with pytest.raises(ExpressionInvalid) as caught:
        cel.check("input.nope + input.n + 'x' + missing", variables=SHAPED)
    assert [error.column for error in (caught.value, *caught.value.others)] == [6, 22, 30]
