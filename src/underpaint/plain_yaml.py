"""YAML from strangers: plain data, nothing run, and nothing that multiplies itself."""

from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """The safe loader without merge keys: each copies what it merges, so a line a time doubles without end."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == _MERGE:
                raise yaml.constructor.ConstructorError(None, None, "merge keys (<<) are not read here", key.start_mark)
        super().flatten_mapping(node)


def load_yaml(text: str | bytes) -> Any:
    """The data of one YAML document: mappings, lists, texts, numbers, dates; what aliases repeat is shared, not copied.

    Callers hold the size down. Raises yaml.YAMLError (merge keys included), ValueError or RecursionError.
    """
    return yaml.load(text, _Loader)
