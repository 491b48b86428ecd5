import importlib.util
import random
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from driving import INITIALIZE, DrivenTrainer  # noqa: E402

import clade  # noqa: E402

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_NUMPY = importlib.util.find_spec("numpy") is not None


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class PyTorch(unittest.TestCase):
    def setUp(self):
        global torch
        import torch

        self.model = torch.nn.Linear(3, 1)
        self.sgd = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=0.1)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def step(self, optimizer):
        optimizer.zero_grad()
        self.model(torch.randn(5, 3)).pow(2).mean().backward()
        optimizer.step()

    def test_applied_options_are_in_force(self):
        clade.pytorch.apply(self.sgd, lr=0.25, momentum=0.5)
        self.assertEqual(
            clade.pytorch.in_force(self.sgd, "momentum", rate="lr"),
            {"momentum": 0.5, "rate": 0.25},
        )
        clade.pytorch.apply(self.adam, lr=0.25, betas=[0.8, 0.99], weight_decay=0.01)
        found = clade.pytorch.in_force(self.adam, "lr", "betas", "weight_decay")
        self.assertEqual(found, {"lr": 0.25, "betas": (0.8, 0.99), "weight_decay": 0.01})

    def test_an_option_that_the_optimizer_does_not_have_is_named_with_the_known_ones(self):
        for act in (
            lambda: clade.pytorch.apply(self.adam, lr=0.5, momentum=0.9),
            lambda: clade.pytorch.in_force(self.adam, "momentum"),
        ):
            with self.assertRaisesRegex(
                clade.TrainerError, "momentum: Adam has no such option; it has lr, betas"
            ):
                act()
        self.assertEqual(
            clade.pytorch.in_force(self.adam, "lr"), {"lr": 0.1}, "nothing is applied by halves"
        )
        with self.assertRaisesRegex(clade.TrainerError, "Did you mean weight_decay?"):
            clade.pytorch.apply(self.adam, weightdecay=0.9)
        with self.assertRaisesRegex(clade.TrainerError, "betas: 0.9 - must be 2 numbers"):
            clade.pytorch.apply(self.adam, betas=0.9)

    def test_groups_can_differ_and_are_then_read_one_at_a_time(self):
        weight, bias = self.model.parameters()
        optimizer = torch.optim.SGD([{"params": [weight]}, {"params": [bias]}], lr=0.1)
        clade.pytorch.apply(optimizer, lr=0.2)
        clade.pytorch.apply(optimizer, group=1, lr=0.02)
        with self.assertRaisesRegex(clade.TrainerError, r"lr: \[0.2, 0.02\] - must be the same"):
            clade.pytorch.in_force(optimizer, "lr")
        self.assertEqual(clade.pytorch.in_force(optimizer, "lr", group=1), {"lr": 0.02})
        with self.assertRaisesRegex(clade.TrainerError, "group: 2 - must be from 0 to 1"):
            clade.pytorch.apply(optimizer, group=2, lr=0.1)

    def test_a_tensor_is_filled_in_place(self):
        rate = torch.tensor(0.5)
        optimizer = torch.optim.Adam(
            self.model.parameters(), lr=rate, capturable=True, foreach=False
        )
        clade.pytorch.apply(optimizer, lr=0.25)
        self.assertIs(optimizer.param_groups[0]["lr"], rate)
        self.assertEqual(
            (rate.item(), clade.pytorch.in_force(optimizer, "lr")), (0.25, {"lr": 0.25})
        )

    def test_a_loaded_state_trains_on_exactly_and_brings_the_old_rate_back(self):
        for optimizer in (self.sgd, self.adam):
            with self.subTest(type(optimizer).__name__):
                clade.random_state.seed(5)
                clade.pytorch.apply(optimizer, lr=0.1)
                self.step(optimizer)
                clade.pytorch.save(self.directory, model=self.model, optimizer=optimizer)
                self.step(optimizer)
                after = self.model.weight.tolist()
                clade.pytorch.apply(optimizer, lr=0.7)
                clade.pytorch.load(self.directory, seed=5, model=self.model, optimizer=optimizer)
                self.assertEqual(clade.pytorch.in_force(optimizer, "lr"), {"lr": 0.1})
                self.step(optimizer)
                self.assertEqual(self.model.weight.tolist(), after)
                clade.pytorch.load(self.directory, seed=6, model=self.model, optimizer=optimizer)
                self.step(optimizer)
                self.assertNotEqual(self.model.weight.tolist(), after)

    def test_an_object_that_was_not_saved_is_named(self):
        clade.random_state.seed(5)
        clade.pytorch.save(self.directory, model=self.model)
        with self.assertRaisesRegex(
            clade.TrainerError, "optimizer.pt is not in the checkpoint, which has model.pt"
        ):
            clade.pytorch.load(self.directory, seed=5, model=self.model, optimizer=self.sgd)

    def test_the_random_state_of_python_is_in_the_checkpoint(self):
        clade.random_state.seed(5)
        clade.pytorch.save(self.directory, model=self.model)
        drawn = random.random()
        clade.pytorch.load(self.directory, seed=5, model=self.model)
        self.assertEqual(random.random(), drawn)


@unittest.skipUnless(HAS_TORCH and HAS_NUMPY, "PyTorch or NumPy is not installed")
class Scalars(unittest.TestCase):
    SCRIPT = """
import clade, numpy, torch
for generation in clade.generations():
    loss = (torch.ones(1, requires_grad=True) * 2).sum()
    for _ in generation.steps(): clade.log_metrics(loss=loss)
    try: generation.report(a=BAD)
    except clade.TrainerError as error: clade.log(error)
    half = torch.tensor([1.5], dtype=torch.bfloat16)
    generation.report(torch=torch.tensor(0.5), numpy=numpy.float32(0.25), whole=numpy.int64(3),
        half=half, nan=torch.tensor(float("nan")), samples=torch.tensor([1.0, 2.0]))
"""

    def test_scalars_of_numpy_and_pytorch_are_metrics(self):
        with DrivenTrainer(self.SCRIPT.replace("BAD", "numpy.ones(2)")) as trainer:
            trainer.begin()
            trainer.result("train", steps=2)
            self.assertEqual(trainer.notifications[-1]["params"], {"loss": 2.0})
            answer = trainer.result("evaluate", final=False)
            self.assertIn(
                "a: array([1., 1.]) - must be one number",
                trainer.notifications[0]["params"]["text"],
            )
            expected = {"torch": 0.5, "numpy": 0.25, "whole": 3, "half": 1.5, "nan": None}
            self.assertEqual(answer, {"metrics": expected, "samples": [1.0, 2.0]})

    def test_a_boolean_of_numpy_is_no_metric(self):
        with DrivenTrainer(self.SCRIPT.replace("BAD", "numpy.bool_(True)")) as trainer:
            trainer.begin()
            trainer.result("evaluate", final=False)
            self.assertIn("must be one number", trainer.notifications[0]["params"]["text"])

    def test_values_in_force_may_be_scalars_of_pytorch(self):
        script = """
import clade, torch
for generation in clade.generations():
    generation.in_force(rate=torch.tensor(0.5), flag=torch.tensor(True))
    for _ in generation.steps(): pass
"""
        with DrivenTrainer(script) as trainer:
            trainer.result("initialize", **INITIALIZE)
            answer = trainer.result(
                "setup", member=0, seed=1, hyperparameters={"rate": 0.5, "flag": True}
            )
            self.assertEqual(answer["hyperparameters"], {"rate": 0.5, "flag": True})
