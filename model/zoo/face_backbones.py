"""The two trunks that POSTER V2 looks with: IR-50 for the picture, MobileFaceNet for the landmarks.

IR-50 is ArcFace's residual network (Deng et al., "ArcFace", CVPR 2019) without its last stage;
MobileFaceNet is Chen et al., "MobileFaceNets" (CCBR 2018), Table 1. Both read 112x112 pixels and give three maps.
"""

from torch import Tensor, nn

from model.zoo.importing import Renames


class IrBlock(nn.Module):
    """norm, conv, PReLU, conv, norm; the shortcut is projected where the channels change, else skipped through."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, 1, 1, bias=False),
            nn.PReLU(after),
            nn.Conv2d(after, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = (
            nn.MaxPool2d(1, stride)
            if before == after
            else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        out: Tensor = self.residual(x) + self.shortcut(x)
        return out


class Ir50(nn.Module):
    """The first three stages of IR-50."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        self.stages = nn.ModuleList((ir_stage(64, 64, 3), ir_stage(64, 128, 4), ir_stage(128, 256, 14)))

    def forward(self, face: Tensor) -> list[Tensor]:
        """(B, 3, 112, 112) -> (B, 64, 56, 56), (B, 128, 28, 28), (B, 256, 14, 14)."""
        x = self.entry(face)
        maps = []
        for each in self.stages:
            x = each(x)
            maps.append(x)
        return maps


def ir_stage(before: int, after: int, depth: int) -> nn.Sequential:
    """`depth` blocks, of which the first halves the map."""
    return nn.Sequential(IrBlock(before, after, 2), *(IrBlock(after, after, 1) for _ in range(depth - 1)))


class Bottleneck(nn.Module):
    """Widen, look channel by channel, narrow; added to the input where `keep` says so."""

    def __init__(self, before: int, wide: int, after: int, stride: int, *, keep: bool) -> None:
        super().__init__()
        self.widen = convolution(before, wide, 1)
        self.look = convolution(wide, wide, 3, stride, groups=wide)
        self.narrow = nn.Sequential(nn.Conv2d(wide, after, 1, bias=False), nn.BatchNorm2d(after))
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H / stride, W / stride)."""
        out: Tensor = self.narrow(self.look(self.widen(x)))
        return x + out if self.keep else out


class MobileFaceNet(nn.Module):
    """The landmark network up to its last map."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = nn.Sequential(convolution(3, 64, 3, 2), convolution(64, 64, 3, groups=64))
        self.shrink = nn.ModuleList(
            (
                Bottleneck(64, 128, 64, 2, keep=False),
                Bottleneck(64, 256, 128, 2, keep=False),
                Bottleneck(128, 512, 128, 2, keep=False),
            )
        )
        self.stages = nn.ModuleList((mobile_stage(64, 128, 4), mobile_stage(128, 256, 6), mobile_stage(128, 256, 2)))
        self.exit = convolution(128, 512, 1)

    def forward(self, face: Tensor) -> list[Tensor]:
        """(B, 3, 112, 112) -> (B, 64, 28, 28), (B, 128, 14, 14), (B, 512, 7, 7)."""
        x = self.entry(face)
        maps = []
        for shrink, each in zip(self.shrink, self.stages, strict=True):
            x = each(shrink(x))
            maps.append(x)
        maps[-1] = self.exit(x)
        return maps


def mobile_stage(width: int, wide: int, depth: int) -> nn.Sequential:
    """Bottlenecks that keep the shape."""
    return nn.Sequential(*(Bottleneck(width, wide, width, 1, keep=True) for _ in range(depth)))


def convolution(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, norm, PReLU."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after),
        nn.PReLU(after),
    )


# ---- the published files -------------------------------------------------------------------------------------------

IR50_NAMES: Renames = (
    (r"^picture\.entry\.", "ir_back.input_layer."),
    *((rf"^picture\.stages\.{index}\.(\d+)\.", rf"ir_back.body{index + 1}.\1.") for index in range(3)),
    (r"(^ir_back\..*)\.residual\.", r"\1.res_layer."),
    (r"(^ir_back\..*)\.shortcut\.", r"\1.shortcut_layer."),
)
MOBILE_NAMES: Renames = (
    (r"^landmarks\.entry\.0\.", "face_landback.conv1."),
    (r"^landmarks\.entry\.1\.", "face_landback.conv2_dw."),
    *(
        (rf"^landmarks\.shrink\.{index}\.", f"face_landback.{name}.")
        for index, name in enumerate(("conv_23", "conv_34", "conv_45"))
    ),
    *((rf"^landmarks\.stages\.{index}\.", f"face_landback.conv_{index + 3}.model.") for index in range(3)),
    (r"^landmarks\.exit\.", "face_landback.conv_6_sep."),
    (r"(^face_landback\..*)\.widen\.", r"\1.conv."),
    (r"(^face_landback\..*)\.look\.", r"\1.conv_dw."),
    (r"(^face_landback\..*)\.narrow\.", r"\1.project."),
    (r"(^face_landback\..*)\.0\.(weight)$", r"\1.conv.\2"),
    (r"(^face_landback\..*)\.1\.(\w+)$", r"\1.bn.\2"),
    (r"(^face_landback\..*)\.2\.(weight)$", r"\1.prelu.\2"),
)
# What both carry for their own tasks, recognising faces and placing 68 landmarks, and POSTER V2 never calls.
BACKBONE_SPARES: dict[str, tuple[int, ...]] = {
    "face_landback.output_layer.conv_6_dw.conv.weight": (512, 1, 7, 7),
    "face_landback.output_layer.conv_6_dw.bn.weight": (512,),
    "face_landback.output_layer.conv_6_dw.bn.bias": (512,),
    "face_landback.output_layer.linear.weight": (136, 512),
    "face_landback.output_layer.bn.weight": (136,),
    "face_landback.output_layer.bn.bias": (136,),
    "ir_back.output_layer.0.weight": (512,),
    "ir_back.output_layer.0.bias": (512,),
    "ir_back.output_layer.3.weight": (512, 25088),
    "ir_back.output_layer.3.bias": (512,),
    "ir_back.output_layer.4.weight": (512,),
    "ir_back.output_layer.4.bias": (512,),
}
