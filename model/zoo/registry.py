"""The names of the networks, what each is made of, and how a published file becomes one of ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn

from lera.errors import LeraError
from model.zoo import (
    action_units,
    c3d,
    ensemble,
    former_dfer,
    ial,
    lera,
    mae_dfer,
    merlb,
    mmnet,
    poster_v2,
    resnet3d18,
    videomae,
)
from model.zoo.importing import Reference, Renames, State, translated

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """One entry: sizes and class, the published names, and the shapes of what it reads (without the batch)."""

    sizes: type[Any]
    build: Callable[[Any], nn.Module]
    inputs: Callable[[Any], tuple[Shape, ...]]
    names: Renames
    sizes_in: Callable[[Reference], dict[str, object]]
    unread: str | None = None


def clip(sizes: Any) -> tuple[Shape, ...]:
    """Channels first: (3, T, H, W)."""
    return ((3, sizes.frames, sizes.image, sizes.image),)


def frames(sizes: Any) -> tuple[Shape, ...]:
    """Frames first: (T, 3, H, W)."""
    return ((sizes.frames, 3, sizes.image, sizes.image),)


def picture(sizes: Any) -> tuple[Shape, ...]:
    """One image: (3, H, W)."""
    return ((3, sizes.image, sizes.image),)


def broadcast(sizes: Any) -> tuple[Shape, ...]:
    """Steps first: face (T, 3, H, W), screen (T, 3, H, W), sound (T, samples)."""
    pictures = ((sizes.steps, 3, side, side) for side in (sizes.face, sizes.screen))
    return (*pictures, (sizes.steps, sizes.samples))


def ca_inputs(sizes: Any) -> tuple[Shape, ...]:
    """The motion map and the positions that join in the end."""
    last = -(-sizes.side >> (len(sizes.widths) - 1))
    return (sizes.stem, sizes.side, sizes.side), (sizes.widths[-1], last, last)


def pc_inputs(sizes: Any) -> tuple[Shape, ...]:
    """A small onset frame."""
    side = round(sizes.positions**0.5)
    return ((3, side, side),)


NETWORKS: dict[str, Network] = {
    "mae_dfer": Network(mae_dfer.MaeDferSizes, mae_dfer.MaeDfer, clip, mae_dfer.TRUNK_NAMES, mae_dfer.sizes_in),
    "lera": Network(lera.LeraSizes, lera.Lera, clip, lera.NAMES, lera.sizes_in, lera.UNREAD),
    "videomae": Network(videomae.VideoMaeSizes, videomae.VideoMae, clip, videomae.NAMES, videomae.sizes_in),
    "mmnet": Network(
        mmnet.MmNetSizes,
        mmnet.MmNet,
        lambda sizes: picture(sizes) * 2,
        mmnet.MMNET_NAMES,
        mmnet.mmnet_sizes_in,
        mmnet.MMNET_UNREAD,
    ),
    "mmnet_ca_module": Network(
        mmnet.CaSizes, mmnet.CaModule, ca_inputs, mmnet.CA_MODULE_NAMES, mmnet.ca_module_sizes_in
    ),
    "mmnet_pc_module": Network(
        mmnet.PcSizes,
        mmnet.PositionCalibration,
        pc_inputs,
        mmnet.PC_NAMES,
        mmnet.pc_module_sizes_in,
        mmnet.PC_UNREAD,
    ),
    "poster_v2": Network(
        poster_v2.PosterV2Sizes, poster_v2.PosterV2, picture, poster_v2.NAMES, poster_v2.sizes_in, poster_v2.UNREAD
    ),
    "former_dfer": Network(
        former_dfer.FormerDferSizes, former_dfer.FormerDfer, frames, former_dfer.NAMES, former_dfer.sizes_in
    ),
    "ial": Network(ial.IalSizes, ial.Ial, frames, ial.NAMES, ial.sizes_in, ial.UNREAD),
    "c3d": Network(c3d.C3dSizes, c3d.C3d, clip, c3d.NAMES, c3d.sizes_in),
    "resnet3d18": Network(resnet3d18.ResNet3dSizes, resnet3d18.ResNet3d18, clip, resnet3d18.NAMES, resnet3d18.sizes_in),
    "action_units": Network(
        action_units.ActionUnitSizes,
        action_units.ActionUnitClassifier,
        lambda sizes: ((sizes.units,),),
        (),
        action_units.sizes_in,
    ),
    "ensemble": Network(ensemble.EnsembleSizes, ensemble.Ensemble, clip, (), ensemble.sizes_in),
    "merlb": Network(merlb.MerlbSizes, merlb.Merlb, broadcast, (), merlb.sizes_in),
}

# Variants that have a name of their own: the network, and what differs from its default sizes.
ALIASES: dict[str, tuple[str, dict[str, object]]] = {
    "lera_fusion_add": ("lera", {"fusion": "add"}),
    "lera_fusion_concat": ("lera", {"fusion": "concat"}),
    "lera_fusion_position": ("lera", {"position": True}),
    "videomae_vitb_160": ("videomae", {"image": 160}),
    "videomae_vitb_224": ("videomae", {"image": 224}),
    "merlb_early": ("merlb", {"fusion": "early"}),
    "merlb_late": ("merlb", {"fusion": "late"}),
    "mmnet_antialias": ("mmnet", {"antialias": True}),
    "mmnet_ca_module_pos0": ("mmnet_ca_module", {}),
    "mmnet_pc_module_d2m4": ("mmnet_pc_module", {"depth": 2, "mlp_ratio": 4.0}),
    "mmnet_pc_module_d3m2": ("mmnet_pc_module", {"depth": 3, "mlp_ratio": 2.0}),
}


def create(name: str, **sizes: object) -> nn.Module:
    """A fresh network in training mode. Raises LeraError for an unknown name or size."""
    network, given = network_of(name)
    return network.build(sized(name, network, given | sizes))


def import_checkpoint(name: str, reference_state_dict: Mapping[str, object], **sizes: object) -> State:
    """The weights of the papers' own code as the state_dict of `create(name, **found_sizes(…))`.

    `reference_state_dict` maps their names to tensors or arrays. Its sizes are read off its shapes; `sizes` overrule.
    Raises LeraError that names the first entry that is missing, unknown or of the wrong shape.
    """
    network, given = network_of(name)
    reference = Reference(base_name(name), reference_state_dict)
    found = sized(name, network, network.sizes_in(reference) | given | sizes)
    # Shapes are enough to check by, except for the classifier that a pre-trained file lacks and that starts fresh.
    with torch.device("cpu" if reference.pretrained else "meta"):
        ours = network.build(found).state_dict()
    return translated(reference, ours, network.names, network.unread)


def found_sizes(name: str, reference_state_dict: Mapping[str, object]) -> dict[str, object]:
    """What the published weights tell about the sizes of their network, as arguments for `create`."""
    network, given = network_of(name)
    return network.sizes_in(Reference(base_name(name), reference_state_dict)) | given


def network_of(name: str) -> tuple[Network, dict[str, object]]:
    """A network by name or alias, and the sizes that its alias sets. Raises LeraError for an unknown name."""
    base, given = ALIASES.get(name, (name, {}))
    if base not in NETWORKS:
        raise LeraError(f"there is no network `{name}`; known are {', '.join(NETWORKS)}")
    return NETWORKS[base], dict(given)


def base_name(name: str) -> str:
    """The network that an alias stands for."""
    return ALIASES.get(name, (name, {}))[0]


def sized(name: str, network: Network, values: Mapping[str, object]) -> Any:
    """The sizes of a network. Raises LeraError for one that it does not have."""
    known = [field.name for field in fields(network.sizes)]
    for key in values:
        if key not in known:
            raise LeraError(f"`{name}` has no size `{key}`; it has {', '.join(known)}")
    return network.sizes(**values)
