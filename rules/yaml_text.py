"""YAML read without its surprises: 16:20 is a text, 0.05 is exact, a key stands once."""

from __future__ import annotations

import re
from collections.abc import Hashable

import yaml

from rules.config_error import ConfigError

BYTES_MAX = 65_536  # a contract or a routing table is some kilobytes; a bomb is not read


class _Loader(yaml.SafeLoader):
    """Safe YAML whose plain scalars are null, true, false, integers or text; no aliases, dates or floats."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            # An alias makes a small text a large tree.
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        names = [key.value for key, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.YAMLError(f"{twice[0]} stands twice")
        return super().construct_mapping(node, deep)


# YAML 1.1 reads 16:20 as 980, 0.05 as a double, `no` as false and a date as an object: none of that here.
_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:null|)$"), ["n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"(?:0|-?[1-9][0-9]{0,17})$"), list("-0123456789")
)


def load(text: str) -> object:
    """Maps, lists, texts, integers, booleans and None. Raises ConfigError on anything else."""
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX:
        raise ConfigError("document", f"more than {BYTES_MAX} bytes", "split it")
    try:
        found: object = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(
            "document", f"no YAML that is read here: {error}", "see agents/contracts/"
        ) from error
    return found
