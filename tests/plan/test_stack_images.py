"""Which names of images a destroy takes away, and which stay as somebody else's container runs them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.plan.stack_images import going_images
from deployer.resources.built import NamedImage
from deployer.resources.observed import Neighbour
from tests.plan.conftest import Make
from tests.plan.fresh import NOTHING

IMAGE = NamedImage("build.web", "shop/web:1", "sha256:1")
ONE_OFF, FOREIGN = "shop-web-run-1", "foreign"


@pytest.mark.parametrize("names", [(FOREIGN, ONE_OFF), (ONE_OFF, FOREIGN)])
def test_an_image_stays_for_somebody_elses_container_also_where_a_one_off_has_it(
    names: tuple[str, ...], container: Make
):
    neighbours = {name: Neighbour(name, frozenset(), image_id=IMAGE.id) for name in names}
    there = replace(NOTHING, neighbours=neighbours, one_offs=(replace(container(), name=ONE_OFF),))
    drafts, [warning] = going_images([IMAGE], there)
    assert (drafts, warning.code) == ([], "image-in-use")
    assert FOREIGN in warning.message


def test_an_image_that_a_one_off_alone_has_goes_with_it(container: Make):
    neighbours = {ONE_OFF: Neighbour(ONE_OFF, frozenset(), image_id=IMAGE.id)}
    there = replace(NOTHING, neighbours=neighbours, one_offs=(replace(container(), name=ONE_OFF),))
    [draft], warnings = going_images([IMAGE], there)
    assert (draft.change.detail, warnings) == ("shop/web:1", [])
