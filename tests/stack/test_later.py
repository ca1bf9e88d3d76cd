"""What the documents list as not supported yet is just what is refused as that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployer.fields.kinds import Model
from deployer.stack.model import StackFile


def models(root: type[Model] = Model) -> Iterator[type[Model]]:
    for model in root.__subclasses__():
        yield model
        yield from models(model)


@pytest.mark.parametrize("model", [StackFile, *models()], ids=lambda model: model.__name__)
def test_no_key_that_is_supported_is_listed_as_one_that_is_not(model: type[Model]) -> None:
    names = {field.alias or name for name, field in model.model_fields.items()}
    assert not names & model.later()
