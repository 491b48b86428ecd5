import importlib.util
import unittest

from driving import INITIALIZE, DrivenTrainer

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
        with loop("generation.in_force(lambda: {'rate': model.rate})", "model.rate /= 2") as trainer:
            self.assertEqual(
                setup(trainer, rate=4, kind="b"), {"hyperparameters": {"rate": 4, "kind": "b"}, "readBack": ["rate"]}
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
        begin = "generation.in_force(lambda: {'rate': model.rate}); model.rate = generation.hyperparameters['rate']"
        begin += " if generation.restore_from is None and not hasattr(model, 'old') else 7; model.old = True"
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
            self.assertEqual(trainer.result("train", steps=2), {"steps": 2, "hyperparameters": {"rate": 1.0}})

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
            self.assertIn("0.1 - hyperparameters in force must be values by name", error["message"])
        with loop(step="generation.in_force(rate=1)") as trainer:
            setup(trainer, rate=4)
            error = trainer.error("train", steps=1)
            self.assertIn("generation.in_force() came after generation.steps()", error["message"])


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed")
class Watching(unittest.TestCase):
    told = {"learning_rate": 0.1, "momentum": 0.9}

    def after(self, schedule, step):
        with torch_loop(schedule, step) as trainer:
            self.assertEqual(setup(trainer, **self.told)["readBack"], ["learning_rate", "momentum"])
            return trainer.result("train", steps=3)

    def test_an_optimizer_is_read_at_both_ends(self):
        self.assertEqual(self.after("pass", "pass"), {"steps": 3, "hyperparameters": self.told})

    def test_the_schedule_that_overwrites_a_rate_is_named_whichever_it_is(self):
        schedules = {
            "LambdaLR": "LambdaLR(optimizer, lambda step: 0.5)",
            "StepLR": "StepLR(optimizer, 1)",
            "SequentialLR": "SequentialLR(optimizer, [StepLR(optimizer, 1), StepLR(optimizer, 1)], [2])",
            "ChainedScheduler": "ChainedScheduler([StepLR(optimizer, 1), ExponentialLR(optimizer, 0.5)])",
        }
        for name, made in schedules.items():
            with self.subTest(name):
                schedule = f"from torch.optim.lr_scheduler import *; schedule = {made}"
                answer = self.after(schedule, "schedule.step()")
                self.assertNotEqual(answer["hyperparameters"]["learning_rate"], 0.1)
                self.assertRegex(answer["causes"]["learning_rate"], f"^{name} overwrites it; ")

    def test_a_schedule_that_cycles_momentum_is_named_for_it_and_others_are_not(self):
        cycle = "schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, 9)"
        causes = self.after(cycle, "schedule.step()")["causes"]
        self.assertEqual(set(causes), {"learning_rate", "momentum"})
        other = "schedule = torch.optim.lr_scheduler.StepLR(optimizer, 99)"
        answer = self.after(other, "optimizer.param_groups[0]['momentum'] = 0.5")
        self.assertEqual(answer, {"steps": 3, "hyperparameters": {"learning_rate": 0.1, "momentum": 0.5}})

    def test_a_schedule_of_another_library_is_known_by_its_name(self):
        schedule = "class WarmupScheduler: pass\nschedule = WarmupScheduler(); schedule.optimizer = optimizer"
        causes = self.after(schedule, "schedule.optimizer.param_groups[0]['lr'] = 7.0")["causes"]
        self.assertRegex(causes["learning_rate"], "^WarmupScheduler overwrites it; ")

    def test_the_schedule_of_another_optimizer_is_not_blamed(self):
        schedule = "other = torch.optim.SGD(model.parameters(), lr=1); s = torch.optim.lr_scheduler.StepLR(other, 1)"
        answer = self.after(schedule, "s.step(); optimizer.param_groups[0]['lr'] = 7.0")
        self.assertNotIn("causes", answer)
