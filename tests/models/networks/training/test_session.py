"""A session of torch: one thread and a seed inside, everything as before outside."""

import pytest

torch = pytest.importorskip("torch")

from featkit.models.networks.training.session import one_thread  # noqa: E402


def state():
    return (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.get_deterministic_debug_mode(),
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.random.get_rng_state().tolist(),
    )


@pytest.fixture
def unusual():
    """Another state of torch than the default."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("unusual")
def test_everything_is_as_before_also_after_an_error():
    before = state()
    with pytest.raises(KeyError):
        fail_in_session()
    assert state() == before


def fail_in_session():
    with one_thread(3):
        assert torch.get_num_threads() == 1
        assert torch.get_default_dtype() == torch.float32
        assert torch.are_deterministic_algorithms_enabled()
        torch.rand(5)
        raise KeyError


def test_a_seed_determines_random_numbers():
    numbers = []
    for seed in (1, 1, 2):
        with one_thread(seed):
            numbers.append(torch.rand(3).tolist())
        torch.rand(1)
    assert numbers[0] == numbers[1] != numbers[2]
