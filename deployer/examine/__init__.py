"""Reads what `doctor` and `validate` judge: stacks, the engine, its host, registries. `doctor` has the judgements."""
