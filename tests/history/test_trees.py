"""The stack of a record, less what no stack file says; and an apply of a part."""

from __future__ import annotations

from deployer.history.compare import differences
from deployer.history.trees import laid_over, readable


def test_what_composes_json_has_though_nothing_is_said_is_left_out():
    """Records of earlier deployers have it."""
    web = {
        "command": None,
        "entrypoint": None,
        "image": "a",
        "deploy": {"resources": {}, "placement": {}, "replicas": 2},
    }
    tree = {
        "services": {"web": web},
        "networks": {"n": {"ipam": {}, "name": "x"}},
    }
    assert readable(tree) == {
        "services": {"web": {"image": "a", "deploy": {"replicas": 2}}},
        "networks": {"n": {"name": "x"}},
    }


def test_an_apply_of_a_part_keeps_the_rest_as_it_was():
    """Also what the file no longer says; and not what was never applied."""
    before = {"services": {"web": {"image": "1"}, "old": {"image": "1"}}, "volumes": {"data": {"name": "a"}}}
    now = {"services": {"web": {"image": "2"}, "new": {"image": "2"}}, "volumes": {"more": {"name": "b"}}}
    assert laid_over(before, now, {"services": ["web"], "volumes": ["more"], "networks": []}) == {
        "services": {"old": {"image": "1"}, "web": {"image": "2"}},
        "volumes": {"data": {"name": "a"}, "more": {"name": "b"}},
    }


def test_differences_are_told_by_their_paths():
    before = {"services": {"web": {"image": "1", "ports": [1]}, "old": {}}}
    after = {"services": {"web": {"image": "2", "ports": [1], "init": None}, "new": {}}}
    assert [(each.sign, each.path, each.before, each.after) for each in differences(before, after)] == [
        ("~", "services.web.image", "1", "2"),
        ("+", "services.web.init", None, None),
        ("-", "services.old", {}, None),
        ("+", "services.new", None, {}),
    ]
