"""Weights in eight bits: what rounding costs, and that it costs no more elsewhere than where it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from gpt4video.agent.model import int8
from gpt4video.agent.model.int8 import Rows8, available, packed, unpacked
from torch import Tensor

eight_bits = pytest.mark.skipif(not available(), reason="torch has no kernels in eight bits for this processor")


def _case(rows: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(96, 64, generator=generator) * 0.05, torch.randn(rows, 64, generator=generator)


def _lost(result: Tensor, wanted: Tensor) -> float:
    """Root mean square of the error, as a share of what was wanted."""
    return float((result - wanted).norm() / wanted.norm())


def test_a_row_is_rounded_to_its_own_scale() -> None:
    weight = torch.tensor([[1.0, -0.5, 0.25], [0.001, 0.0005, -0.001], [0.0, 0.0, 0.0]])
    kept = Rows8.of(weight)
    assert kept.values.dtype is torch.int8
    torch.testing.assert_close(kept[torch.arange(3)], weight, rtol=0, atol=1 / 254)
    torch.testing.assert_close(kept[torch.tensor([1])], weight[1:2], rtol=0, atol=0.001 / 254 + 1e-9)
    assert torch.equal(kept[torch.tensor([2])], weight[2:])


def test_matrices_are_joined_row_by_row() -> None:
    first, second = Rows8.of(torch.eye(3)), Rows8.of(2 * torch.eye(3))
    joined = Rows8.joined([first, second])
    assert torch.equal(joined.dense().float(), torch.cat([torch.eye(3), 2 * torch.eye(3)]))


@pytest.mark.parametrize(("fine", "most"), [(False, 0.02), (True, 0.01)])
def test_a_layer_is_close_to_the_dense_one(fine: bool, most: float) -> None:
    weight, x = _case()
    assert _lost(Rows8.of(weight).linear(fine=fine)(x), x @ weight.T) < most


@eight_bits
def test_fine_rounding_keeps_what_stands_beside_an_outlier() -> None:
    weight, x = _case()
    x[:, 3] = 400.0
    weight[:, 3] = 0.0
    rows = Rows8.of(weight)
    wanted = x @ rows.dense().float().T
    assert _lost(rows.linear()(x), wanted) > 0.3
    assert _lost(rows.linear(fine=True)(x), wanted) < 0.02


@pytest.mark.parametrize("fine", [False, True])
def test_a_row_comes_out_the_same_whatever_its_neighbours(fine: bool) -> None:
    weight, x = _case()
    layer = Rows8.of(weight).linear(fine=fine)
    alone = layer(x[:1])
    torch.testing.assert_close(layer(torch.cat([x[:1], 1000 * x[1:]]))[:1], alone, rtol=1e-5, atol=1e-6)


def test_zeros_give_zeros() -> None:
    layer = Rows8.of(_case()[0]).linear()
    assert torch.equal(layer(torch.zeros(2, 64)), torch.zeros(2, 96))


def test_without_kernels_the_weights_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, x = _case()
    monkeypatch.setattr(int8, "available", lambda: False)
    result = Rows8.of(weight).linear(fine=True)(x)
    assert result.dtype is torch.float32
    assert _lost(result, x @ weight.T) < 0.02


def test_a_file_holds_a_byte_a_weight_and_gives_back_what_was_put_in(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weight = _case()[0]
    save_file(packed({"a.weight": weight, "norm.weight": torch.ones(64)}), tmp_path / "kept.safetensors")
    assert (tmp_path / "kept.safetensors").stat().st_size < weight.numel() + 1500
    found = unpacked(load_file(tmp_path / "kept.safetensors"))
    assert set(found) == {"a.weight", "norm.weight"}
    assert isinstance(found["a.weight"], Rows8)
    assert torch.equal(found["a.weight"].values, Rows8.of(weight).values)
    norm = found["norm.weight"]
    assert isinstance(norm, Tensor)
    assert torch.equal(norm, torch.ones(64))
