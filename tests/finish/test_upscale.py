"""Enlarging: the same pixels as in one piece, no seams, nothing lost of alpha, depth, profile."""

import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from finish_kit import painting, picture_of
from PIL import Image, ImageCms

from underpaint.errors import ModelError, PlanError, RecipeError
from underpaint.finish import shape
from underpaint.finish.networks import Network, is_installed, load_network
from underpaint.finish.shape import checked
from underpaint.finish.tiling import starts, tiled_rows
from underpaint.finish.upscale import Upscale, find_network, target_size, upscale
from underpaint.imaging.geometry import Extent

KINDS = [(1, 8), (2, 8), (3, 8), (4, 8), (1, 16), (2, 16), (3, 16), (4, 16)]


def doubled(picture: np.ndarray) -> np.ndarray:
    """A network without weights: sees 5 pixels around, as far as its tile goes, and doubles."""
    seen = cv2.filter2D(picture, -1, np.full((11, 11), 1 / 121, np.float32), borderType=cv2.BORDER_CONSTANT)
    sharp = np.clip(picture * 1.5 - seen * 0.5, 0, 1)
    return np.repeat(np.repeat(sharp, 2, axis=0), 2, axis=1)


NETWORK = Network("doubling", "0" * 64, 2, doubled)


@pytest.mark.parametrize(("channels", "depth"), KINDS)
@pytest.mark.parametrize("network", [None, NETWORK])
def test_alpha_and_depth_stay(channels: int, depth: int, network: Network | None) -> None:
    picture = picture_of(painting(channels=channels, depth=depth))
    made = upscale(picture, Upscale(), network)
    whole = made.whole()
    assert whole.shape == (80, 112, channels) == (made.height, made.width, made.channels)
    assert whole.dtype == picture.stored.dtype
    small = np.asarray(Image.fromarray(whole[..., -1].astype(np.float32)).resize((56, 40), Image.Resampling.BOX))
    apart = np.abs(small - picture.stored[..., -1]) / np.iinfo(whole.dtype).max
    assert apart.mean() < 0.03 if channels in (2, 4) or network is None else apart.mean() < 0.1
    if channels in (2, 4):
        assert whole[..., -1].max() == np.iinfo(whole.dtype).max and whole[..., -1].min() == 0


@pytest.mark.parametrize("method", ["sharp", "lanczos"])
@pytest.mark.parametrize(("scale", "channels"), [(2.7, 4), (3, 3), (1.9, 3)])
def test_strips_are_the_same_as_one_piece(scale: float, channels: int, method: str,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    picture = picture_of(painting(61, 47, channels))
    asked = Upscale(scale=scale, method=method)
    whole = upscale(picture, asked).whole()
    monkeypatch.setattr(shape, "STRIP_PIXELS", 500)
    strips = list(upscale(picture, asked).strips)
    assert len(strips) > 15
    assert np.abs(np.concatenate(strips).astype(int) - whole).max() <= 1


def test_lanczos_is_pillows_where_nothing_is_transparent() -> None:
    pixels = painting(33, 41)
    whole = upscale(picture_of(pixels), Upscale(scale=3, method="lanczos")).whole()
    expected = np.stack([np.asarray(Image.fromarray(pixels[..., one].astype(np.float32)).resize(
        (123, 99), Image.Resampling.LANCZOS)) for one in range(3)], axis=-1)
    assert np.abs(whole - np.clip(expected, 0, 255)).max() <= 0.51


@pytest.mark.parametrize("method", ["sharp", "lanczos"])
def test_nothing_bleeds_from_under_transparent_pixels(method: str) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, :8] = (200, 100, 50, 255)
    pixels[:, 8:] = (0, 255, 0, 0)
    whole = upscale(picture_of(pixels), Upscale(scale=4, method=method)).whole()
    seen = whole[whole[..., 3] > 8]
    assert np.abs(seen[:, :3].astype(int) - (200, 100, 50)).max() <= 1


def test_tiles_leave_no_seams() -> None:
    picture = picture_of(painting(90, 120))
    whole = upscale(picture, Upscale(tile=512), NETWORK).whole().astype(int)
    tiled = upscale(picture, Upscale(tile=40, overlap=16), NETWORK).whole().astype(int)
    interior = np.abs(whole - tiled)
    assert interior.max() <= 2, "a tile's own border shows"


def test_tiles_cover_everything_evenly() -> None:
    for length, size, overlap in ((7, 16, 4), (16, 16, 4), (17, 16, 4), (100, 16, 7), (33, 32, 8)):
        begins = starts(length, size, overlap)
        assert begins[0] == 0 and begins[-1] == max(0, length - size)
        assert all(b - a <= size - overlap for a, b in pairwise(begins))
    rows = np.concatenate(list(tiled_rows(painting(50, 30).astype(np.float32) / 255, lambda tile: tile, 1, 16, 4)))
    assert np.allclose(rows, painting(50, 30) / 255, atol=1e-6)


def test_another_size_than_the_networks_own() -> None:
    picture = picture_of(painting(40, 56))
    made = upscale(picture, Upscale(scale=3), NETWORK)
    assert made.whole().shape == (120, 168, 3) and "doubling enlarges 2 times" in made.notes[0]
    made = upscale(picture, Upscale(scale=1.25), NETWORK)
    assert made.whole().shape == (50, 70, 3)


@pytest.mark.parametrize("network", [None, NETWORK])
def test_one_pixel(network: Network | None) -> None:
    whole = upscale(picture_of(np.array([[[10, 200, 30]]], np.uint8)), Upscale(scale=2), network).whole()
    assert whole.shape == (2, 2, 3) and (network is not None or (whole == (10, 200, 30)).all())


@pytest.mark.parametrize("size", [(20_000, 20_000), (32_768, 32_768), (10_000, 16_100)])
def test_too_large_is_refused_before_anything_is_made(size: tuple[int, int]) -> None:
    with pytest.raises(PlanError, match="too large"):
        target_size(Extent(*size), Upscale(scale=4))


def test_sizes() -> None:
    assert target_size(Extent(960, 540), Upscale(width=3840, height=2160)) == Extent(3840, 2160)
    assert target_size(Extent(960, 540), Upscale(width=3840)) == Extent(3840, 2160)
    assert target_size(Extent(100, 200), Upscale(width=400, height=400)) == Extent(200, 400)
    assert target_size(Extent(10, 10), Upscale(), NETWORK) == Extent(20, 20)
    with pytest.raises(PlanError, match="does not become larger"):
        target_size(Extent(100, 200), Upscale(width=50))
    for wrong in ({"scale": 0.5}, {"scale": 2, "width": 100}, {"tile": 32, "overlap": 16}, {"scale": float("nan")}):
        with pytest.raises(RecipeError):
            checked(Upscale, wrong)


def test_ink_edges_are_no_wider_than_bicubics() -> None:
    ink = np.full((40, 40), 255, np.uint8)
    ink[:, 20:] = 0
    small = Image.fromarray(ink)
    sharp = upscale(picture_of(ink[..., None]), Upscale(scale=4)).whole()[80, :, 0].astype(float)
    bicubic = np.asarray(small.resize((160, 160), Image.Resampling.BICUBIC))[80].astype(float)

    def width(row: np.ndarray) -> float:
        return float(np.interp(-25, -row[60:100], np.arange(40.0)) - np.interp(-230, -row[60:100], np.arange(40.0)))

    assert width(sharp) <= 0.9 * width(bicubic)


def test_it_is_nearer_to_the_truth_than_bicubic() -> None:
    from skimage.data import astronaut

    truth = astronaut()[:160, 180:340]
    small = np.asarray(Image.fromarray(truth).resize((80, 80), Image.Resampling.BOX))
    bicubic = np.asarray(Image.fromarray(small).resize((160, 160), Image.Resampling.BICUBIC))
    sharp = upscale(picture_of(small), Upscale(scale=2)).whole()

    def error(pixels: np.ndarray) -> float:
        return float(((pixels.astype(float) - truth) ** 2).mean())

    assert error(sharp) < 0.9 * error(bicubic)


def test_the_profile_stays(tmp_path: Path) -> None:
    from underpaint.finish.table import OPERATIONS
    from underpaint.finish.writing import open_picture, save
    from underpaint.pictures.read import read_picture

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "p.png"
    path.write_bytes(_with_profile(painting(8, 8, depth=16), profile))
    opened = open_picture(path)
    done = save(opened, OPERATIONS["upscale"], Upscale(), upscale(opened.picture, Upscale()), tmp_path / "q.png")
    again = read_picture(done.path)
    assert again.icc == profile and again.depth == 16 and (again.width, again.height) == (16, 16)


def _with_profile(pixels: np.ndarray, profile: bytes) -> bytes:
    from underpaint.pictures.encode import Encoding, encode

    return encode("PNG", pixels, profile, Encoding(), True)


class TestFilesOfNetworks:
    def test_what_is_refused_without_looking_inside(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        for name, said in (("nothing.pth", "there is no"), ("notes.txt", "no file of weights")):
            with pytest.raises(ModelError, match=said):
                load_network(tmp_path / name)
        with pytest.raises(ModelError, match="no way to upscale called 'magic'"):
            find_network("magic")
        assert find_network("lanczos") is None

    @pytest.mark.skipif(is_installed(), reason="spandrel is installed")
    def test_without_spandrel_it_says_how_to_get_it(self, tmp_path: Path) -> None:
        (tmp_path / "a.safetensors").write_bytes(b"x")
        with pytest.raises(ModelError, match=r"spandrel.*pip install --no-deps"):
            load_network(tmp_path / "a.safetensors")

    @pytest.mark.skipif(not is_installed(), reason="spandrel is not installed")
    def test_an_esrgan_file_loads_safely(self, tmp_path: Path) -> None:
        import torch
        from safetensors.torch import save_file

        weights = _tiny_esrgan()
        save_file(weights, tmp_path / "tiny.safetensors")
        torch.save({"params_ema": weights}, tmp_path / "tiny.pth")
        first, second = (load_network(tmp_path / f"tiny.{ending}") for ending in ("safetensors", "pth"))
        assert (first.scale, first.name, len(first.sha256)) == (4, "tiny", 64)
        assert not any(name.startswith("torchvision") for name in sys.modules)
        pixels = painting(20, 26).astype(np.float32) / 255
        assert first.enlarge(pixels).shape == (80, 104, 3)
        assert np.array_equal(first.enlarge(pixels), second.enlarge(pixels))
        picture = picture_of(painting(30, 44, 4))
        whole = upscale(picture, Upscale(tile=512), first).whole()
        tiled = upscale(picture, Upscale(tile=24, overlap=8), first).whole()
        assert whole.shape == (120, 176, 4) and np.abs(whole.astype(int) - tiled).max() <= 2
        assert upscale(picture_of(painting(1, 1)), Upscale(), first).whole().shape == (4, 4, 3)

    @pytest.mark.skipif(not is_installed(), reason="spandrel is not installed")
    def test_hostile_and_damaged_files(self, tmp_path: Path) -> None:
        import torch
        from safetensors.torch import save_file

        witness = tmp_path / "ran"
        torch.save({"a": _Evil(witness)}, tmp_path / "evil.pth")
        (tmp_path / "junk.pth").write_bytes(b"garbage" * 50)
        save_file(_tiny_esrgan(), tmp_path / "cut.safetensors")
        (tmp_path / "cut.safetensors").write_bytes((tmp_path / "cut.safetensors").read_bytes()[:2000])
        save_file({"x": torch.zeros(3)}, tmp_path / "other.safetensors")
        torch.save([1, 2], tmp_path / "list.pth")
        for name, said in (("evil.pth", "refused"), ("junk.pth", "refused|damaged"), ("cut.safetensors", "damaged"),
                           ("other.safetensors", "no upscaling network"), ("list.pth", "no table")):
            with pytest.raises(ModelError, match=said):
                load_network(tmp_path / name)
        assert not witness.exists()


class _Evil:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self._path), "w"))


def _tiny_esrgan() -> dict[str, object]:
    """Weights in ESRGAN's old layout: one dense block of 8 channels, four times as large."""
    import torch

    torch.manual_seed(0)
    shapes = {"model.0": (8, 3), "model.1.sub.1": (8, 8), "model.3": (8, 8), "model.6": (8, 8), "model.8": (8, 8),
              "model.10": (3, 8)}
    for block in (1, 2, 3):
        for layer in range(5):
            shapes[f"model.1.sub.0.RDB{block}.conv{layer + 1}.0"] = (8 if layer == 4 else 32, 8 + 32 * layer)
    weights = {}
    for name, (out, given) in shapes.items():
        weights[f"{name}.weight"] = torch.randn(out, given, 3, 3) * 0.1
        weights[f"{name}.bias"] = torch.zeros(out)
    return weights


