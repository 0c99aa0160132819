"""The torch networks of the papers: `create` one, or bring the papers' own weights into it.

    network = create("lera", fusion="concat")
    network.load_state_dict(import_checkpoint("lera", published_state, fusion="concat"))
    logits = network(clip).logits

Every network answers a named tuple with the logits first.
"""

from model.zoo.registry import ALIASES, NETWORKS, Network, create, found_sizes, import_checkpoint, network_of

__all__ = ["ALIASES", "NETWORKS", "Network", "create", "found_sizes", "import_checkpoint", "network_of"]
