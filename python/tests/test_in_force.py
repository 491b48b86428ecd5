import importlib.util
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from driving import INITIALIZE, DrivenTrainer, long_only  # noqa: E402

import clade  # noqa: E402

HAS_TORCH = importlib.util.find_spec("torch") is not None

LOOP = """
import clade
class Model: rate = 0
model = Model()
for generation in clade.generations({"rate": 1.0, "kind": "a"}):
    model.rate = generation.hyperparameters["rate"]
    BEGIN
    for _ in generation.steps():
        STEP
    generation.report(a=1)
"""

TORCH = """
import clade, torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
SCHEDULE
for generation in clade.generations({"learning_rate": 0.1, "momentum": 0.9, "decay": 0.0}):
    h = generation.hyperparameters
    clade.pytorch.apply(optimizer, lr=h["learning_rate"], momentum=h["momentum"])
    generation.watch(optimizer, "momentum", learning_rate="lr")
    for _ in generation.steps():
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        STEP
    generation.report(a=1)
"""


def loop(begin="pass", step="pass"):
    return DrivenTrainer(LOOP.replace("BEGIN", begin).replace("STEP", step))


def torch_loop(schedule="pass", step="pass"):
    return DrivenTrainer(TORCH.replace("SCHEDULE", schedule).replace("STEP", step))


def setup(trainer, **hyperparameters):
    trainer.result("initialize", **INITIALIZE)
    return trainer.result("setup", member=0, seed=1, hyperparameters=hyperparameters)


class BothEnds(unittest.TestCase):
    def test_a_function_is_asked_before_the_first_step_and_after_the_last(self):
        with loop(
            "generation.in_force(lambda: {'rate': model.rate})", "model.rate /= 2"
        ) as trainer:
            self.assertEqual(
                setup(trainer, rate=4, kind="b"),
                {"hyperparameters": {"rate": 4, "kind": "b"}, "readBack": ["rate"]},
            )
            answer = trainer.result("train", steps=2)
            self.assertEqual(answer, {"steps": 2, "hyperparameters": {"rate": 1.0}})

    def test_values_are_those_before_the_first_step_only_and_are_said_to_be_no_more(self):
        with loop("generation.in_force(rate=model.rate)", "model.rate /= 2") as trainer:
            self.assertEqual(setup(trainer, rate=4)["readBack"], ["rate"])
            self.assertEqual(trainer.result("train", steps=2), {"steps": 2})

    def test_functions_and_values_add_up(self):
        begin = "generation.in_force(kind='b'); generation.in_force(lambda: {'rate': model.rate})"
        with loop(begin) as trainer:
            self.assertEqual(setup(trainer, rate=4, kind="b")["readBack"], ["rate", "kind"])
            self.assertEqual(trainer.result("train", steps=1)["hyperparameters"], {"rate": 4})

    def test_a_generation_that_goes_on_with_its_weights_must_have_its_values_in_force_too(self):
        begin = (
            "generation.in_force(lambda: {'rate': model.rate}); model.rate = "
            "generation.hyperparameters['rate']"
        )
        begin += (
            " if generation.restore_from is None and not hasattr(model, 'old') else 7; model.old "
            "= True"
        )
        with loop(begin) as trainer:
            setup(trainer, rate=4)
            trainer.result("train", steps=1)
            trainer.result("evaluate", final=False)
            error = trainer.error("train", steps=1)
            self.assertIn("told rate = 4.0; in force 7 before the first step", error["message"])

    def test_a_class_is_asked_after_the_last_step_as_well(self):
        script = """
import clade
class T:
    def setup(self, h, seed): self.rate = h["rate"]
    def step(self, h): self.rate /= 2; h["rate"] = 9
    def evaluate(self, final): return {"rate": self.rate}
    def save(self, directory): pass
    def restore(self, directory, h, seed): pass
    def hyperparameters_in_force(self): return {"rate": self.rate}
clade.serve(T)
"""
        with DrivenTrainer(script) as trainer:
            self.assertEqual(setup(trainer, rate=4, kind="a")["readBack"], ["rate"])
            self.assertEqual(
                trainer.result("train", steps=2), {"steps": 2, "hyperparameters": {"rate": 1.0}}
            )

    def test_what_one_step_does_to_its_hyperparameters_the_next_does_not_see(self):
        script = """
import clade
class T:
    def setup(self, h, seed): self.seen = []
    def step(self, h): self.seen.append(h["rate"]); h["rate"] /= 2
    def evaluate(self, final): return {"least": min(self.seen)}
    def save(self, directory): pass
    def restore(self, directory, h, seed): pass
clade.serve(T)
"""
        with DrivenTrainer(script) as trainer:
            setup(trainer, rate=4)
            trainer.result("train", steps=3)
            self.assertEqual(trainer.result("evaluate", final=False)["metrics"], {"least": 4})

    def test_what_is_no_mapping_or_comes_too_late_is_refused(self):
        with loop("generation.in_force(lambda: 0.1)") as trainer:
            trainer.result("initialize", **INITIALIZE)
            error = trainer.error("setup", member=0, seed=1, hyperparameters={"rate": 4})
            self.assertIn(
                "0.1 - hyperparameters in force must be values by name", error["message"]
            )
        with loop(step="generation.in_force(rate=1)") as trainer:
            setup(trainer, rate=4)
            error = trainer.error("train", steps=1)
            self.assertIn("generation.in_force() came after generation.steps()", error["message"])


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class Watching(unittest.TestCase):
    told = {"learning_rate": 0.1, "momentum": 0.9}

    def test_an_optimizer_is_read_at_both_ends_and_what_overwrote_it_is_named(self):
        schedule = "schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5)"
        step = "if _ > 1: schedule.step(); optimizer.param_groups[0]['momentum'] = 0.5"
        with torch_loop(schedule, step) as trainer:
            self.assertEqual(
                setup(trainer, **self.told)["readBack"], ["learning_rate", "momentum"]
            )
            self.assertEqual(
                trainer.result("train", steps=2), {"steps": 2, "hyperparameters": self.told}
            )
            answer = trainer.result("train", steps=1)
            self.assertEqual(answer["hyperparameters"], {"learning_rate": 0.05, "momentum": 0.5})
            self.assertEqual(set(answer["causes"]), {"learning_rate"})
            self.assertRegex(
                answer["causes"]["learning_rate"],
                "^LambdaLR overwrites it; give it to apply and to watch",
            )

    @long_only
    def test_values_that_were_read_from_an_optimizer_are_read_from_it_again(self):
        script = TORCH.replace(
            'generation.watch(optimizer, "momentum", learning_rate="lr")',
            "generation.in_force({**clade.pytorch.in_force(optimizer, learning_rate='lr'), "
            "'decay': 0.0})",
        )
        schedule = "schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)"
        with DrivenTrainer(
            script.replace("SCHEDULE", schedule).replace("STEP", "schedule.step()")
        ) as trainer:
            self.assertEqual(
                setup(trainer, **self.told, decay=0.0)["readBack"], ["learning_rate", "decay"]
            )
            self.assertEqual(
                trainer.result("train", steps=1)["hyperparameters"], {"learning_rate": 0.1}
            )
            answer = trainer.result("train", steps=1)
            self.assertEqual(answer["hyperparameters"], {"learning_rate": 0.05})
            self.assertRegex(answer["causes"]["learning_rate"], "^StepLR overwrites it")


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class Causes(unittest.TestCase):
    def setUp(self):
        global torch
        import torch

        self.optimizer = self.watched()

    def watched(self):
        optimizer = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
        clade.pytorch.in_force(optimizer, "momentum", "weight_decay", learning_rate="lr")
        return optimizer

    def causes(self):
        found = {
            name: clade.pytorch.likely_cause(name)
            for name in ("learning_rate", "momentum", "weight_decay")
        }
        return {name: cause.split(" overwrite")[0] for name, cause in found.items() if cause}

    @long_only
    def test_the_schedule_that_sets_an_option_is_named_whichever_it_is(self):
        from torch.optim import lr_scheduler as s

        rate_alone = {
            "LambdaLR": lambda o: s.LambdaLR(o, lambda step: 0.5),
            "ReduceLROnPlateau": lambda o: s.ReduceLROnPlateau(o),
            "SequentialLR": lambda o: s.SequentialLR(o, [s.StepLR(o, 1), s.StepLR(o, 1)], [2]),
            "ChainedScheduler": lambda o: s.ChainedScheduler(
                [s.StepLR(o, 1), s.ExponentialLR(o, 0.5)]
            ),
            "OneCycleLR": lambda o: s.OneCycleLR(o, 0.2, 9, cycle_momentum=False),
        }
        for name, made in rate_alone.items():
            with self.subTest(name):
                optimizer = self.watched()
                schedule = made(optimizer)
                self.assertEqual(self.causes(), {"learning_rate": name})
                del schedule
        schedule = s.CyclicLR(self.optimizer, 0.1, 0.2)
        clade.pytorch.in_force(self.optimizer, "momentum", "weight_decay", learning_rate="lr")
        self.assertEqual(self.causes(), {"learning_rate": "CyclicLR", "momentum": "CyclicLR"})
        self.assertIn("build it with cycle_momentum=False", clade.pytorch.likely_cause("momentum"))
        self.assertIsNotNone(schedule)

    @long_only
    def test_a_schedule_of_another_library_is_known_by_its_name(self):
        class WarmupScheduler:
            optimizer = None

        schedule = WarmupScheduler()
        schedule.optimizer = self.optimizer
        self.assertEqual(self.causes(), {"learning_rate": "WarmupScheduler"})

    def test_the_schedule_of_another_optimizer_is_not_blamed(self):
        other = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(other, 1)
        self.assertEqual(self.causes(), {})
        self.assertIsNotNone(schedule)

    def test_an_optimizer_in_whose_place_another_trains_is_refused(self):
        def step(optimizer):
            for parameter in parameters:
                parameter.grad = torch.ones_like(parameter)
            optimizer.step()

        parameters = self.optimizer.param_groups[0]["params"]
        other = torch.optim.Adam(parameters, lr=0.3)
        unrelated = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=1)
        clade.stepping.forget_steps()
        for trains in ([], [unrelated], [self.optimizer], [other, self.optimizer]):
            for each in trains:
                step(each)
            clade.pytorch.require_training("learning_rate")
            clade.stepping.forget_steps()
        step(other)
        expected = (
            "learning_rate: read back from SGD, which made no step while Adam trained its "
            "parameters; apply"
        )
        with self.assertRaisesRegex(clade.TrainerError, expected):
            clade.pytorch.require_training("learning_rate")

    def test_nothing_is_blamed_for_what_was_never_read(self):
        self.assertIsNone(clade.pytorch.likely_cause("dropout"))


class Adjusting(unittest.TestCase):
    """A trainer that says what it uses instead."""

    def test_both_ways_answer_what_they_use_and_the_class_way_reads_it_again(self):
        loop = """
        import clade
        for generation in clade.generations(adjusts=True):
            used = min(generation.hyperparameters["rate"], 0.5)
            generation.in_force(lambda: {"rate": used})
            for _ in generation.steps():
                pass
            generation.report(rate=used)
        """
        served = """
        import clade
        class T(clade.Trainer):
            adjusts = True
            def setup(self, hyperparameters, seed):
                self.used = min(hyperparameters["rate"], 0.5)
            def step(self, hyperparameters):
                pass
            def evaluate(self, final):
                return {"rate": self.used}
            def save(self, directory):
                pass
            def restore(self, directory, hyperparameters, seed):
                pass
            def hyperparameters_in_force(self):
                return {"rate": self.used}
        clade.serve(T)
        """
        for script in (loop, served):
            with self.subTest(script), DrivenTrainer(script) as trainer:
                capabilities = trainer.result("initialize", **INITIALIZE)["capabilities"]
                self.assertTrue(capabilities["adjusts"])
                answer = trainer.result("setup", member=0, seed=1, hyperparameters={"rate": 2})
                self.assertEqual(answer["hyperparameters"], {"rate": 0.5})
                # The next generation goes on with the same weights and values.
                for _ in range(2):
                    answer = trainer.result("train", steps=1)
                    self.assertEqual(answer["hyperparameters"], {"rate": 0.5})
                    trainer.result("evaluate", final=False)
