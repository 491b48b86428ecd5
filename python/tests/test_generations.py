import itertools
import os
import tempfile
import unittest
from pathlib import Path

from driving import INITIALIZE, DrivenTrainer, long_only

# Counts what is trained, and logs each part of the loop that Clade asked for.
COUNTER = """
import clade
weight = 0
for generation in clade.generations({"rate": 1.0}):
    if generation.restore_from:
        weight = int((generation.restore_from / "weight").read_text())
    for step in generation.steps():
        weight += 1
    rate = generation.hyperparameters["rate"]
    generation.report(weight=weight, rate=rate, final=int(generation.final))
    if generation.save_to:
        (generation.save_to / "weight").write_text(str(weight))
print("after the loop")
"""

LOOP = """
import clade
for generation in clade.generations():
"""


def loop_with(body):
    return DrivenTrainer(LOOP + "\n".join(f"    {line}" for line in body.strip("\n").split("\n")))


class Orders(unittest.TestCase):
    """The protocol allows any order after setup or restore; a letter stands for a request."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.saves = 0

    def check(self, order):
        """Follows the order, checks every answer, and returns what was logged."""
        weight, saved = 0, 100
        (self.directory / "other").mkdir(exist_ok=True)
        (self.directory / "other" / "weight").write_text("100")
        directory = self.directory / "other"
        with DrivenTrainer(COUNTER) as trainer:
            trainer.result("initialize", **INITIALIZE)
            for letter in order:
                turn = {"member": 1, "seed": 5, "hyperparameters": {"rate": 2}}
                if letter == "S":
                    trainer.result("setup", **turn)
                elif letter == "R":
                    answer = trainer.result("restore", **turn, directory=str(directory))
                    self.assertEqual(set(answer), {"hyperparameters", "checkpoint"})
                    weight = saved
                elif letter == "t":
                    self.assertEqual(trainer.result("train", steps=3), {"steps": 3})
                    weight += 3
                elif letter == "1":
                    self.assertEqual(trainer.result("train", steps=1, seconds=9), {"steps": 1})
                    weight += 1
                elif letter in "eE":
                    metrics = trainer.result("evaluate", final=letter == "E")["metrics"]
                    self.assertEqual(
                        metrics, {"weight": weight, "rate": 2.0, "final": int(letter == "E")}
                    )
                elif letter == "s":
                    self.saves += 1
                    directory = self.directory / f"save-{self.saves}"
                    directory.mkdir()
                    trainer.result("save", directory=str(directory))
                    saved = weight
                    self.assertEqual((directory / "weight").read_text(), str(weight))
            trainer.result("shutdown")
            self.assertEqual(trainer.exit_code(), 0)
            return trainer.logged()

    @long_only
    def test_every_pair_of_requests_after_setup_or_restore_is_followed(self):
        for begin, rest in itertools.product("SR", itertools.product("RtEs", repeat=2)):
            with self.subTest(begin + "".join(rest)):
                self.check(begin + "".join(rest))

    def test_longer_orders_are_followed(self):
        for order in (
            "S111e11e",
            "StesReste",
            "SRRtes",
            "Sestesee",
            "Ssste",
            "RetesRtesEs",
            "Stetsess",
            "SsRste",
        ):
            with self.subTest(order):
                self.check(order)

    def test_after_an_end_between_generations_the_script_goes_on_behind_its_loop(self):
        self.assertIn("after the loop", self.check("Stes"))
        self.assertIn("after the loop", self.check("Ste"))

    def test_the_end_of_input_ends_the_script_anywhere(self):
        for requests in ([], ["setup"], ["setup", "train"], ["setup", "train", "evaluate"]):
            with self.subTest(requests), DrivenTrainer(COUNTER) as trainer:
                trainer.result("initialize", **INITIALIZE)
                params = {"train": {"steps": 1}, "evaluate": {"final": False}}
                for method in requests:
                    trainer.result(
                        method,
                        **params.get(method, {"member": 0, "seed": 1, "hyperparameters": {}}),
                    )
                trainer.process.stdin.close()
                self.assertEqual(trainer.exit_code(), 0)


class Mistakes(unittest.TestCase):
    def failure(self, body, method="evaluate", **params):
        with loop_with(body) as trainer:
            trainer.begin()
            if method == "save":
                trainer.result("evaluate", final=False)
            error = trainer.error(method, **(params or {"final": False}))
            self.assertEqual(error["code"], -32000)
            self.assertEqual(trainer.exit_code(), 0 if "script ended" in error["message"] else 1)
            return error["message"]

    def test_an_exception_in_the_loop_is_answered_and_ends_the_process(self):
        with loop_with("for _ in generation.steps(): raise ValueError('too steep')") as trainer:
            trainer.begin()
            error = trainer.error("train", steps=1)
            self.assertEqual(error["message"], "ValueError: too steep")
            self.assertIn("too steep", error["data"]["traceback"])
            self.assertEqual(trainer.exit_code(), 1)
            self.assertIn("ValueError: too steep", trainer.logged())

    def test_an_exception_while_loading_answers_setup(self):
        with loop_with("raise OSError('no disk')") as trainer:
            trainer.result("initialize", **INITIALIZE)
            error = trainer.error("setup", member=0, seed=1, hyperparameters={})
            self.assertEqual(error["message"], "OSError: no disk")

    def test_steps_that_were_left_early_are_named(self):
        message = self.failure(
            "for i in generation.steps():\n  if i == 2: break\ngeneration.report(a=1)",
            "train",
            steps=9,
        )
        self.assertIn("generation.steps() was left after 2 finished steps", message)

    def test_steps_that_were_not_looped_over_are_named(self):
        with loop_with("generation.report(a=1)") as trainer:
            trainer.result("initialize", **INITIALIZE)
            error = trainer.error("setup", member=0, seed=1, hyperparameters={})
            self.assertIn("generation.steps() was not called before report()", error["message"])

    def test_a_missing_report_is_named(self):
        body = "for _ in generation.steps(): pass"
        self.assertIn(
            "generation.report() was not called before the next generation", self.failure(body)
        )
        body += "\nif generation.save_to: pass"
        self.assertIn("was not called before reading generation.save_to", self.failure(body))

    def test_a_save_that_nobody_looked_for_is_named(self):
        body = "for _ in generation.steps(): pass\ngeneration.report(a=1)"
        with tempfile.TemporaryDirectory() as directory:
            self.assertIn(
                "generation.save_to was not read", self.failure(body, "save", directory=directory)
            )

    def test_a_save_without_a_file_is_named(self):
        body = "for _ in generation.steps(): pass\ngeneration.report(a=1)\ngeneration.save_to"
        with tempfile.TemporaryDirectory() as directory:
            self.assertIn(
                "the script wrote no file into", self.failure(body, "save", directory=directory)
            )

    def test_what_is_called_twice_is_named(self):
        body = "for _ in generation.steps(): pass\nfor _ in generation.steps(): pass"
        self.assertIn("generation.steps() was called a second time", self.failure(body))
        body = (
            "for _ in generation.steps(): pass\nfor _ in '12': "
            "generation.report(a=1)\ngeneration.save_to"
        )
        with loop_with(body) as trainer:
            trainer.begin()
            trainer.result("evaluate", final=False)
            self.assertEqual(trainer.process.wait(timeout=60), 1)
            self.assertIn("generation.report() was called a second time", trainer.logged())

    def test_a_loop_that_is_left_is_named(self):
        self.assertIn(
            "the script ended while Clade waits",
            self.failure("for _ in generation.steps(): pass\nbreak"),
        )
        self.assertIn(
            "the script ended while Clade waits",
            self.failure("for _ in generation.steps(): pass\nexit()"),
        )

    def test_a_score_that_is_not_a_number_is_refused(self):
        message = self.failure(
            "for _ in generation.steps(): pass\ngeneration.report(accuracy='high')"
        )
        self.assertIn("accuracy: 'high' - must be one number", message)


class Children(unittest.TestCase):
    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_a_forked_child_says_nothing_whether_it_exits_fails_or_runs_on(self):
        for end in ("sys.exit(0)", "raise ValueError", "pass"):
            body = f"""
import os, sys
for _ in generation.steps():
    child = os.fork()
    if child: os.waitpid(child, 0)
    else: {end}
generation.report(a=1)
"""
            with self.subTest(end), loop_with(body) as trainer:
                trainer.begin()
                self.assertEqual(trainer.result("train", steps=1), {"steps": 1})
                self.assertEqual(trainer.result("evaluate", final=False), {"metrics": {"a": 1}})
                trainer.result("shutdown")
                self.assertEqual(trainer.exit_code(), 0)


class Turns(unittest.TestCase):
    def test_seed_and_hyperparameters_are_known_before_the_loop(self):
        script = """
import clade
generations = clade.generations({"width": 8})
clade.log(f"{generations.seed} {generations.hyperparameters}")
for generation in generations:
    for _ in generation.steps(): pass
    generation.report({"val/seed": generation.seed, "member": generation.member})
"""
        with DrivenTrainer(script) as trainer:
            trainer.result("initialize", **INITIALIZE)
            trainer.result("setup", member=2, seed=77, hyperparameters={"width": 16})
            self.assertEqual(
                [n["params"]["text"] for n in trainer.notifications], ["77 {'width': 16}"]
            )
            metrics = trainer.result("evaluate", final=False)["metrics"]
            self.assertEqual(metrics, {"val/seed": 77, "member": 2})

    def test_a_second_setup_is_refused_since_the_weights_are_not_fresh_any_more(self):
        with DrivenTrainer(COUNTER) as trainer:
            capabilities = trainer.result("initialize", **INITIALIZE)["capabilities"]
            self.assertEqual(
                capabilities,
                {
                    "repeatedSetup": False,
                    "seconds": True,
                    "readsBack": False,
                    "adjusts": False,
                },
            )
            trainer.result("setup", member=0, seed=1, hyperparameters={})
            self.assertEqual(
                trainer.error("setup", member=0, seed=1, hyperparameters={})["code"], -32602
            )
            self.assertEqual(trainer.result("train", steps=1), {"steps": 1})

    def test_values_in_force_are_answered_and_promised_ones_required(self):
        body = (
            "generation.in_force(rate=0.25)\nfor _ in generation.steps(): "
            "pass\ngeneration.report(a=1)"
        )
        with loop_with(body) as trainer:
            trainer.result("initialize", **INITIALIZE)
            answer = trainer.result(
                "setup", member=0, seed=1, hyperparameters={"rate": 0.5, "kind": "b"}
            )
            self.assertEqual(answer["hyperparameters"], {"rate": 0.25, "kind": "b"})
        script = (
            "import clade\nfor g in clade.generations(reads_back=True):\n  for _ in g.steps(): "
            "pass"
        )
        with DrivenTrainer(script) as trainer:
            self.assertTrue(
                trainer.result("initialize", **INITIALIZE)["capabilities"]["readsBack"]
            )
            error = trainer.error("setup", member=0, seed=1, hyperparameters={})
            self.assertIn("reads_back=True promises generation.in_force()", error["message"])

    def test_steps_are_counted_through_one_generation_and_timed(self):
        body = """
numbers = list(generation.steps())
generation.report(last=numbers[-1], count=len(numbers))
"""
        with loop_with(body) as trainer:
            trainer.begin()
            for _ in range(3):
                trainer.result("train", steps=2)
            self.assertGreaterEqual(trainer.result("train", seconds=0.01)["steps"], 1)
            metrics = trainer.result("evaluate", final=False)["metrics"]
            self.assertEqual(metrics["last"] + 1, metrics["count"])
            self.assertGreater(metrics["count"], 6)
