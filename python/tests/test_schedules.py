import importlib.util
import math
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import clade  # noqa: E402

HAS_TORCH = importlib.util.find_spec("torch") is not None
LENGTH = 14


def warm_up(step):
    """As get_scheduler("linear") of transformers has it: up to 1, and down to 0."""
    return step / 4 if step < 4 else max(0.0, (LENGTH - step) / (LENGTH - 4))


def cosine(step):
    return 0.5 * (1 + math.cos(math.pi * step / LENGTH))


def schedules():
    """By name: of an optimiser that has the base rate, or of one and the peak."""
    from torch.optim import lr_scheduler as s

    class Author(s.LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    return {
        "LambdaLR": lambda o, _: s.LambdaLR(o, warm_up),
        "LambdaLR of each group": lambda o, _: s.LambdaLR(o, [warm_up, cosine]),
        "MultiplicativeLR": lambda o, _: s.MultiplicativeLR(o, lambda step: 0.9),
        "StepLR": lambda o, _: s.StepLR(o, 3, 0.5),
        "MultiStepLR": lambda o, _: s.MultiStepLR(o, [2, 7], 0.3),
        "ConstantLR": lambda o, _: s.ConstantLR(o, 0.25, 5),
        "LinearLR": lambda o, _: s.LinearLR(o, 0.1, 1, 6),
        "ExponentialLR": lambda o, _: s.ExponentialLR(o, 0.8),
        "PolynomialLR": lambda o, _: s.PolynomialLR(o, 9, 2),
        "CosineAnnealingLR": lambda o, _: s.CosineAnnealingLR(o, 5, eta_min=0.003),
        "CosineAnnealingWarmRestarts": lambda o, _: s.CosineAnnealingWarmRestarts(
            o, 3, 2, eta_min=0.003
        ),
        "OneCycleLR": lambda o, peak: s.OneCycleLR(o, peak, LENGTH, three_phase=True),
        "OneCycleLR without momentum": lambda o, peak: s.OneCycleLR(
            o, peak, LENGTH, cycle_momentum=False
        ),
        "CyclicLR": lambda o, peak: s.CyclicLR(o, peak / 8, peak, 3, mode="triangular2"),
        "SequentialLR": lambda o, _: s.SequentialLR(
            o,
            [
                s.LinearLR(o, 0.1, 1, 4),
                s.CosineAnnealingLR(o, 6, eta_min=0.002),
                s.StepLR(o, 2, 0.5),
            ],
            [4, 9],
        ),
        "SequentialLR of LambdaLR": lambda o, _: s.SequentialLR(
            o, [s.LambdaLR(o, warm_up), s.ExponentialLR(o, 0.9)], [5]
        ),
        "ChainedScheduler": lambda o, _: s.ChainedScheduler(
            [s.ConstantLR(o, 0.5, 4), s.ExponentialLR(o, 0.8)]
        ),
        "ChainedScheduler of cosines": lambda o, _: s.ChainedScheduler(
            [s.CosineAnnealingLR(o, 20), s.LinearLR(o, 0.5, 1, 3)]
        ),
        "one of another author": lambda o, _: Author(o),
    }


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class Schedules(unittest.TestCase):
    def setUp(self):
        global torch
        import torch

        warnings.simplefilter("error")

    def made(self, schedule, rate, **options):
        weight, bias = torch.nn.Linear(2, 1).parameters()
        optimizer = torch.optim.SGD(
            [{"params": [weight]}, {"params": [bias]}], lr=rate, momentum=0.9, **options
        )
        return optimizer, schedule(optimizer, rate)

    def rates(self, optimizer, schedule, steps):
        """Of both groups, before each step."""
        found = []
        for _ in range(steps):
            found.append([float(group["lr"]) for group in optimizer.param_groups])
            self.assertEqual([float(rate) for rate in schedule.get_last_lr()], found[-1])
            optimizer.step()
            schedule.step()
        return found

    def assert_close(self, found, expected):
        for one, other in zip(sum(found, []), sum(expected, [])):
            self.assertAlmostEqual(one, other, delta=1e-12)
        self.assertEqual(len(found), len(expected))

    def test_with_another_base_rate_a_schedule_goes_on_as_one_that_was_built_with_it(self):
        for name, schedule in schedules().items():
            expected = self.rates(*self.made(schedule, 0.05), LENGTH)
            for done in range(LENGTH):
                with self.subTest(name, done=done):
                    optimizer, scheduler = self.made(schedule, 0.2)
                    self.rates(optimizer, scheduler, done)
                    clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05)
                    self.assertEqual(
                        clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler), {"lr": 0.05}
                    )
                    self.assert_close(
                        self.rates(optimizer, scheduler, LENGTH - done), expected[done:]
                    )
                    self.assertEqual(
                        clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler), {"lr": 0.05}
                    )

    def test_the_same_from_a_checkpoint_of_another_member(self):
        for name, schedule in schedules().items():
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                clade.random_state.seed(1)
                optimizer, scheduler = self.made(schedule, 0.2)
                self.rates(optimizer, scheduler, 6)
                clade.pytorch.save(directory, optimizer=optimizer, scheduler=scheduler)
                optimizer, scheduler = self.made(schedule, 0.01)
                clade.pytorch.load(directory, seed=2, optimizer=optimizer, scheduler=scheduler)
                clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05)
                expected = self.rates(*self.made(schedule, 0.05), LENGTH)[6:]
                self.assert_close(self.rates(optimizer, scheduler, LENGTH - 6), expected)

    def test_the_base_rate_that_is_there_already_changes_nothing_to_the_last_bit(self):
        for name, schedule in schedules().items():
            with self.subTest(name):
                optimizer, scheduler = self.made(schedule, 0.1)
                self.rates(optimizer, scheduler, 5)
                before = str((scheduler.state_dict(), optimizer.state_dict()))
                clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.1)
                clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler)
                self.assertEqual(str((scheduler.state_dict(), optimizer.state_dict())), before)

    def test_a_rate_in_a_tensor_is_followed_in_place(self):
        rate = torch.tensor(0.2)
        optimizer = torch.optim.Adam(
            torch.nn.Linear(2, 1).parameters(), lr=rate, capturable=True, foreach=False
        )
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05)
        optimizer.step()
        scheduler.step()
        self.assertIs(optimizer.param_groups[0]["lr"], rate)
        self.assertAlmostEqual(rate.item(), 0.025, delta=1e-8)
        self.assertAlmostEqual(
            clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler)["lr"], 0.05, delta=1e-8
        )

    def test_the_factors_of_groups_are_kept_by_group_and_never_lost(self):
        scheduler_of = schedules()["SequentialLR"]
        weight, bias = torch.nn.Linear(2, 1).parameters()
        optimizer = torch.optim.SGD([{"params": [weight]}, {"params": [bias], "lr": 0.02}], lr=0.2)
        scheduler = scheduler_of(optimizer, None)
        with self.assertRaisesRegex(
            clade.TrainerError, r"base rates \[0.2, 0.02\], and one value .*; apply to each"
        ):
            clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.1)
        with self.assertRaisesRegex(
            clade.TrainerError, r"lr: \[0.2, 0.02\] - must be the same in all"
        ):
            clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler)
        self.rates(optimizer, scheduler, 3)
        for group, factor in enumerate((1, 0.1)):
            clade.pytorch.apply(optimizer, scheduler=scheduler, group=group, lr=0.05 * factor)
            found = clade.pytorch.in_force(optimizer, scheduler=scheduler, group=group, rate="lr")
            self.assertEqual(found, {"rate": 0.05 * factor})
        plain, expected = self.made(scheduler_of, 0.05)
        wanted = [[rate, 0.1 * rate] for rate, _ in self.rates(plain, expected, LENGTH)[3:]]
        found = self.rates(optimizer, scheduler, LENGTH - 3)
        # But for eta_min, which is no multiple of the base rate.
        self.assert_close([each[:1] for each in found], [each[:1] for each in wanted])
        self.assert_close(found[:1], wanted[:1])

    def test_a_rate_that_something_else_has_set_is_not_taken_for_the_schedules(self):
        for name, schedule in schedules().items():
            if "Chained" in name or "Multiplicative" in name:
                continue
            with self.subTest(name):
                optimizer, scheduler = self.made(schedule, 0.1)
                self.rates(optimizer, scheduler, 2)
                optimizer.param_groups[1]["lr"] = 7.0
                with self.assertRaisesRegex(
                    clade.TrainerError, "lr: 7.0 in the optimiser, where .* gives 0"
                ):
                    clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler)

    def test_a_rate_that_was_0_goes_on_where_the_schedule_tells_how(self):
        for name in ("LambdaLR", "StepLR", "CosineAnnealingLR", "SequentialLR"):
            with self.subTest(name):
                optimizer, scheduler = self.made(schedules()[name], 0.0)
                self.rates(optimizer, scheduler, 3)
                clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05)
                expected = self.rates(*self.made(schedules()[name], 0.05), LENGTH)[3:]
                self.assert_close(self.rates(optimizer, scheduler, LENGTH - 3), expected)
        for name in ("OneCycleLR", "ChainedScheduler"):
            optimizer, scheduler = self.made(schedules()[name], 0.0)
            with (
                self.subTest(name),
                self.assertRaisesRegex(clade.TrainerError, "has the base rate 0"),
            ):
                clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05)

    def test_what_has_no_base_rate_is_refused_with_what_to_do(self):
        kinds = torch.optim.lr_scheduler

        class Recursive(kinds.LRScheduler):
            def get_lr(self):
                return [group["lr"] * 0.9 for group in self.optimizer.param_groups]

        other, _ = self.made(lambda o, _: None, 0.1)
        for schedule, expected in (
            (kinds.ReduceLROnPlateau, "ReduceLROnPlateau has no base rate.*; leave it out"),
            (Recursive, "Recursive computes each rate from .*; write it as a LambdaLR"),
            (lambda o: kinds.StepLR(other, 1), "StepLR drives another optimiser; give the one"),
            (lambda o: object(), "object has no base_lrs; give a schedule of torch"),
            (
                lambda o: kinds.ChainedScheduler([kinds.CosineAnnealingLR(o, 5, eta_min=0.01)]),
                "ChainedScheduler goes down to eta_min 0.01 .*; let eta_min be 0",
            ),
            (
                lambda o: kinds.SequentialLR(
                    o, [kinds.LinearLR(o), kinds.OneCycleLR(o, 1, 9)], [3]
                ),
                "OneCycleLR inside SequentialLR has a peak of its own",
            ),
        ):
            with self.subTest(expected):
                optimizer, scheduler = self.made(lambda o, _, schedule=schedule: schedule(o), 0.1)
                before = str(optimizer.state_dict())
                for act in (
                    lambda: clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05),
                    lambda: clade.pytorch.in_force(optimizer, "lr", scheduler=scheduler),
                ):
                    with self.assertRaisesRegex(clade.TrainerError, expected):
                        act()
                self.assertEqual(str(optimizer.state_dict()), before)

    def test_a_momentum_that_is_cycled_is_no_hyperparameter(self):
        optimizer, scheduler = self.made(schedules()["OneCycleLR"], 0.1)
        with self.assertRaisesRegex(
            clade.TrainerError, "momentum: OneCycleLR cycles it; build .* cycle_momentum=False"
        ):
            clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05, momentum=0.5)
        optimizer, scheduler = self.made(schedules()["OneCycleLR without momentum"], 0.1)
        clade.pytorch.apply(optimizer, scheduler=scheduler, lr=0.05, momentum=0.5)
        self.rates(optimizer, scheduler, 3)
        self.assertEqual(clade.pytorch.in_force(optimizer, "momentum"), {"momentum": 0.5})
