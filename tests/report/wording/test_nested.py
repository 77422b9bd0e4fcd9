"""Any nested mapping as tables: every leaf is shown, whatever its keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.report.wording import nested


def texts(found):
    return {c.text for t in found for g in t.groups for r in g.rows for c in r} | {
        text for t in found for c in t.columns for text in (c.name, c.group)
    } | {t.caption for t in found} | {g.name for t in found for g in t.groups}  # fmt: skip


def test_a_leak_audit_is_one_grid():
    flags = {f"flag_{i}": i for i in range(5)}
    audit = {"protocol": "per_class", "real": flags, "fake": flags, "manipulations": {"A": flags, "B": flags}}
    plain, grid = nested.nested_tables(audit)
    assert [c.text for c in plain.groups[0].rows[0]] == ["protocol", "per_class"]
    assert [(c.group, c.name) for c in grid.columns[1:]] == [
        ("", "real"), ("", "fake"), ("manipulations", "A"), ("manipulations", "B"),
    ]  # fmt: skip
    assert [c.text for c in grid.groups[0].rows[3]] == ["flag 3", "3", "3", "3", "3"]


names = st.text("xyz", min_size=1, max_size=2)

leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.text("abc", max_size=3))

mappings = st.recursive(
    st.dictionaries(names, leaves, max_size=3),
    lambda inner: st.dictionaries(names, leaves | inner | st.lists(inner, max_size=2), max_size=3),
    max_leaves=12,
)


def every_leaf(content):
    for value in content.values() if isinstance(content, dict) else content:
        if isinstance(value, dict) or (isinstance(value, list) and value):
            yield from every_leaf(value)
        else:
            yield value


@given(mappings)
def test_every_leaf_of_any_mapping_is_shown(content):
    found = nested.nested_tables(content)
    assert {nested.plain_text(leaf) for leaf in every_leaf(content)} <= texts(found)
    assert all(len(r) == len(t.columns) for t in found for g in t.groups for r in g.rows)


def test_flatten_names_the_way():
    assert dict(nested.flatten({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": 0.5})) == {
        "a.b.c": 1,
        "a.d": [1, 2],
        "e": 0.5,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (None, "–"), (0.00001, "1e-05"), ([1, "a"], "1, a"), ([], "–"), (7, "7"), (0.25, "0.25")],
)  # fmt: skip
def test_leaves_as_text(value, text):
    assert nested.plain_text(value) == text
