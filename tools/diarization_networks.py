"""The two diarization networks in torch, for ``convert_diarization.py`` only.

Written after the papers and the shapes in the checkpoints; attribute names of ``CamPlusPlus`` follow its checkpoint.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as f

SINC_FILTERS = 80
SINC_KERNEL = 251
SINC_STRIDE = 10
LOWEST_HZ = 50.0
"""Smallest cut-off frequency and smallest band of a sinc filter (Ravanelli and Bengio, 2018)."""

RATE_HZ = 16_000.0


class Segmentation(nn.Module):  # type: ignore[misc]
    """PyanNet of segmentation-3.0: SincNet, four bidirectional LSTM layers, seven powerset classes (arXiv:2310.13025)."""

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.wave_norm = nn.InstanceNorm1d(1, affine=True)
        self.convolutions = nn.ModuleList(
            [
                nn.Conv1d(1, SINC_FILTERS, SINC_KERNEL, stride=SINC_STRIDE, bias=False),
                nn.Conv1d(SINC_FILTERS, 60, 5),
                nn.Conv1d(60, 60, 5),
            ]
        )
        self.norms = nn.ModuleList([nn.InstanceNorm1d(size, affine=True) for size in (SINC_FILTERS, 60, 60)])
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, 7)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "Segmentation":
        """The network with a checkpoint's weights."""
        network = cls()
        renamed = {
            "sincnet.wav_norm1d.": "wave_norm.",
            "sincnet.conv1d.": "convolutions.",
            "sincnet.norm1d.": "norms.",
        }
        filters = "sincnet.conv1d.0.filterbank."
        weights = {"convolutions.0.weight": sinc_filters(tensors[f"{filters}low_hz_"], tensors[f"{filters}band_hz_"])}
        for name, tensor in tensors.items():
            if not name.startswith(filters):
                prefix = next((old for old in renamed if name.startswith(old)), "")
                weights[renamed.get(prefix, "") + name[len(prefix) :]] = tensor
        network.load_state_dict(weights)
        return network

    def forward(self, waveform: Tensor) -> Tensor:
        """Log probabilities of the classes, ``(batch, frames, 7)``, of ``(batch, 1, samples)``."""
        x = self.wave_norm(waveform)
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            x = convolution(x)
            x = torch.abs(x) if number == 0 else x
            x = f.leaky_relu(norm(f.max_pool1d(x, 3)))
        x, _ = self.lstm(x.transpose(1, 2))
        for linear in self.linear:
            x = f.leaky_relu(linear(x))
        return f.log_softmax(self.classifier(x), dim=-1)


def sinc_filters(low: Tensor, band: Tensor) -> Tensor:
    """Band-pass filters with learned edges: half of them even, half odd (Pariente et al., 2020, parametrised sinc)."""
    low_hz = LOWEST_HZ + low.abs()
    high_hz = torch.clamp(low_hz + LOWEST_HZ + band.abs(), LOWEST_HZ, RATE_HZ / 2)
    width = (high_hz - low_hz)[:, 0]
    half = SINC_KERNEL // 2
    angle = 2 * torch.pi * torch.arange(-half, 0.0)[None] / RATE_HZ
    window = torch.hamming_window(SINC_KERNEL, periodic=False)[:half]
    even = (torch.sin(high_hz * angle) - torch.sin(low_hz * angle)) / (angle / 2) * window
    odd = (torch.cos(low_hz * angle) - torch.cos(high_hz * angle)) / (angle / 2) * window
    evens = torch.cat([even, 2 * width[:, None], even.flip(1)], dim=1)
    odds = torch.cat([odd, torch.zeros(len(odd), 1), -odd.flip(1)], dim=1)
    return torch.cat([evens, odds])[:, None] / (2 * width.repeat(2)[:, None, None])


class CamPlusPlus(nn.Module):  # type: ignore[misc]
    """CAM++: a densely connected TDNN with context-aware masking behind a small ResNet (arXiv:2303.00332)."""

    def __init__(self) -> None:
        """Make the network with random weights: 80 mel bands in, 192 numbers out."""
        super().__init__()
        self.head = FrontEnd()
        self.xvector = nn.Sequential()
        self.xvector.add_module("tdnn", Tdnn(320, 128))
        channels = 128
        for number, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
            self.xvector.add_module(f"block{number}", DenseBlock(layers, channels, dilation))
            channels += layers * GROWTH
            self.xvector.add_module(f"transit{number}", Transit(channels, channels // 2))
            channels //= 2
        self.xvector.add_module("out_nonlinear", norm_relu(channels))
        self.xvector.add_module("stats", Statistics())
        self.xvector.add_module("dense", Dense(2 * channels, 192))

    def forward(self, fbank: Tensor) -> Tensor:
        """Embeddings, ``(batch, 192)``, of mean-free filter banks, ``(batch, frames, 80)``."""
        return self.xvector(self.head(fbank.transpose(1, 2)[:, None]))


GROWTH = 32
BOTTLENECK = 128
SEGMENT_FRAMES = 100
"""Frames over which the masks' local context is pooled (arXiv:2303.00332, section 2.3)."""


def norm_relu(channels: int) -> nn.Sequential:
    """Batch normalisation and ReLU."""
    layers = nn.Sequential()
    layers.add_module("batchnorm", nn.BatchNorm1d(channels))
    layers.add_module("relu", nn.ReLU())
    return layers


class FrontEnd(nn.Module):  # type: ignore[misc]
    """Two-dimensional convolutions that reduce 80 bands to 10, times 32 channels."""

    def __init__(self) -> None:
        """Make the layers."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.layer1 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.layer2 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.conv2 = nn.Conv2d(32, 32, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, 1, bands, frames)`` to ``(batch, 320, frames)``."""
        x = self.layer2(self.layer1(f.relu(self.bn1(self.conv1(x)))))
        return f.relu(self.bn2(self.conv2(x))).flatten(1, 2)


class ResidualBlock(nn.Module):  # type: ignore[misc]
    """ResNet's basic block (arXiv:1512.03385) with a stride over bands only."""

    def __init__(self, stride: int) -> None:
        """Make the layers."""
        super().__init__()
        self.conv1 = nn.Conv2d(32, 32, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        down = (nn.Conv2d(32, 32, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(32)) if stride > 1 else ()
        self.shortcut = nn.Sequential(*down)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape, bands over the stride."""
        return f.relu(self.bn2(self.conv2(f.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class Tdnn(nn.Module):  # type: ignore[misc]
    """A convolution over five frames that halves the frame rate."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make the layers."""
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 5, stride=2, padding=2, bias=False)
        self.nonlinear = norm_relu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs, frames)`` to ``(batch, outputs, frames / 2)``."""
        return self.nonlinear(self.linear(x))


class DenseBlock(nn.Module):  # type: ignore[misc]
    """Layers that each see the outputs of all before them."""

    def __init__(self, layers: int, channels: int, dilation: int) -> None:
        """Make the layers."""
        super().__init__()
        for number in range(layers):
            self.add_module(f"tdnnd{number + 1}", DenseLayer(channels + number * GROWTH, dilation))

    def forward(self, x: Tensor) -> Tensor:
        """Adds ``GROWTH`` channels a layer."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class DenseLayer(nn.Module):  # type: ignore[misc]
    """A bottleneck and a masked, dilated convolution."""

    def __init__(self, channels: int, dilation: int) -> None:
        """Make the layers."""
        super().__init__()
        self.nonlinear1 = norm_relu(channels)
        self.linear1 = nn.Conv1d(channels, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = norm_relu(BOTTLENECK)
        self.cam_layer = ContextAwareMask(dilation)

    def forward(self, x: Tensor) -> Tensor:
        """``GROWTH`` new channels."""
        return self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))


class ContextAwareMask(nn.Module):  # type: ignore[misc]
    """A convolution whose channels are weighted by what the whole recording and the segment sound like."""

    def __init__(self, dilation: int) -> None:
        """Make the layers."""
        super().__init__()
        self.linear_local = nn.Conv1d(BOTTLENECK, GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(BOTTLENECK // 2, GROWTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``BOTTLENECK`` channels to ``GROWTH``."""
        segments = f.avg_pool1d(x, SEGMENT_FRAMES, SEGMENT_FRAMES, ceil_mode=True)
        spread = segments[..., None].expand(-1, -1, -1, SEGMENT_FRAMES).flatten(2)[..., : x.shape[-1]]
        context = f.relu(self.linear1(x.mean(-1, keepdim=True) + spread))
        return self.linear_local(x) * torch.sigmoid(self.linear2(context))


class Transit(nn.Module):  # type: ignore[misc]
    """Halves the channels between dense blocks."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make the layers."""
        super().__init__()
        self.nonlinear = norm_relu(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Same frames, fewer channels."""
        return self.linear(self.nonlinear(x))


class Statistics(nn.Module):  # type: ignore[misc]
    """Mean and standard deviation over time."""

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, frames)`` to ``(batch, 2 * channels)``."""
        return torch.cat([x.mean(dim=-1), x.std(dim=-1, unbiased=True)], dim=-1)


class Dense(nn.Module):  # type: ignore[misc]
    """The embedding layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Make the layers."""
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(outputs, affine=False))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, inputs)`` to ``(batch, outputs)``."""
        return self.nonlinear(self.linear(x[..., None])[..., 0])
