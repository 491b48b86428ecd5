import importlib.util
import json
import random
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import clade  # noqa: E402
from clade import random_state  # noqa: E402

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
HAS_TORCH = importlib.util.find_spec("torch") is not None


def python_draws():
    return [random.random(), random.gauss(0, 1), random.getrandbits(64)]


def numpy_draws():
    import numpy

    return [numpy.random.rand(), numpy.random.randn(), int(numpy.random.randint(1 << 30))]


def torch_draws():
    import torch

    return [*torch.randn(3).tolist(), torch.randperm(50).tolist()]


class RandomState(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.addCleanup(setattr, random_state, "_member_seed", None)

    def check_the_rule(self, draws):
        random_state.begin_member(7)
        random_state.seed(7)
        draws()
        random_state.save(self.directory)
        continued = [draws(), draws()]
        random_state.seed(1)
        random_state.restore(self.directory, seed=7)
        self.assertEqual([draws(), draws()], continued, "its own draws go on bit for bit")
        random_state.restore(self.directory, seed=8)
        copied = [draws(), draws()]
        self.assertFalse(
            any(a == b for a, b in zip(copied[0], continued[0])), "a copy has draws of its own"
        )
        random_state.restore(self.directory, seed=8)
        self.assertEqual([draws(), draws()], copied, "which are the same each time")
        random_state.restore(self.directory, seed=9)
        self.assertNotEqual([draws(), draws()], copied)

    def test_pythons_draws_go_on_for_the_member_and_are_fresh_for_a_copy(self):
        self.check_the_rule(python_draws)

    @unittest.skipUnless(HAS_NUMPY, "NumPy is not installed")
    def test_numpys_draws_go_on_for_the_member_and_are_fresh_for_a_copy(self):
        numpy_draws()
        self.check_the_rule(numpy_draws)

    @unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
    def test_pytorchs_draws_go_on_for_the_member_and_are_fresh_for_a_copy(self):
        torch_draws()
        self.check_the_rule(torch_draws)

    def test_the_same_seed_gives_the_same_draws(self):
        random_state.seed(3)
        first = python_draws()
        random_state.seed(3)
        self.assertEqual(python_draws(), first)

    def test_the_seed_of_the_member_counts_when_a_script_seeds_with_another(self):
        random_state.begin_member(7)
        random_state.seed(1234)
        random_state.save(self.directory)
        self.assertEqual(json.loads((self.directory / random_state.FILE).read_text())["seed"], 7)

    def test_a_copy_of_a_later_state_of_the_same_donor_has_other_draws(self):
        random_state.seed(7)
        drawn = []
        for _ in range(2):
            random_state.save(self.directory)
            random_state.restore(self.directory, seed=8)
            drawn.append(random.random())
            random_state.seed(7)
            random.random()
        self.assertNotEqual(*drawn)

    def test_saving_without_any_seed_is_an_error_that_says_what_to_call(self):
        self.addCleanup(setattr, random_state, "_seed", random_state._seed)
        random_state._seed = None
        with self.assertRaisesRegex(clade.TrainerError, "call clade.random_state.seed"):
            random_state.save(self.directory)
