import tempfile
import unittest
from pathlib import Path

from driving import INITIALIZE, DrivenTrainer

# Both print what they know of their place whenever they may read it.
LOOP = """
import sys
import clade
for generation in clade.generations():
    def tell(when):
        print(f"{when}: {generation.run} {generation.number} {generation.member} "
              f"{generation.step} {generation.step_count} {generation.lineage}", file=sys.stderr)
    tell("begin")
    for _ in generation.steps():
        tell("step")
    generation.report(height=generation.step)
    if generation.save_to:
        (generation.save_to / "state").write_text("")
"""

CLASS = """
import sys
import clade
class Climber(clade.Trainer):
    def tell(self, when):
        place = self.generation
        print(f"{when}: {place.run} {place.number} {place.member} {place.step} "
              f"{place.step_count} {place.lineage}", file=sys.stderr)
    def setup(self, hyperparameters, seed):
        self.tell("begin")
    def restore(self, directory, hyperparameters, seed):
        self.tell("begin")
    def step(self, hyperparameters):
        self.tell("step")
    def evaluate(self, final):
        return {"height": self.generation.step}
    def save(self, directory):
        (directory / "state").write_text("")
clade.serve(Climber)
"""

FIRST = {"run": "climb-abcd", "number": 1, "step": 0, "steps": 2}
SECOND = {"run": "climb-abcd", "number": 2, "step": 2, "steps": 1}
COPY = {"run": "climb-abcd", "number": 3, "step": 7, "steps": 1, "copied": 4}


class Places(unittest.TestCase):
    def test_a_trainer_knows_where_it_is_in_its_run_and_whom_it_copied(self):
        for script in (LOOP, CLASS):
            with self.subTest(script), tempfile.TemporaryDirectory() as name:
                turn = {"member": 0, "seed": 5, "hyperparameters": {}}
                with DrivenTrainer(script) as trainer:
                    trainer.result("initialize", **INITIALIZE)
                    trainer.result("setup", **turn, generation=FIRST)
                    trainer.result("train", steps=2, generation=FIRST)
                    self.assertEqual(self.height(trainer), 2)
                    # It still holds its weights, and nothing is restored.
                    trainer.result("train", steps=1, generation=SECOND)
                    self.assertEqual(self.height(trainer), 3)
                    trainer.result("save", directory=self.empty(name))
                    trainer.result("restore", **turn, directory=f"{name}/saved", generation=COPY)
                    trainer.result("train", steps=1, generation=COPY)
                    self.assertEqual(self.height(trainer), 8)
                    told = trainer.logged().splitlines()
                steps = [line.removeprefix("step: ") for line in told if line.startswith("step")]
                self.assertEqual(
                    steps,
                    [
                        "climb-abcd 1 0 0 2 (0,)",
                        "climb-abcd 1 0 1 2 (0,)",
                        "climb-abcd 2 0 2 1 (0,)",
                        "climb-abcd 3 0 7 1 (4, 0)",
                    ],
                )
                begins = [line.removeprefix("begin: ") for line in told if "begin" in line]
                self.assertEqual(begins[0], "climb-abcd 1 0 0 2 (0,)")
                self.assertEqual(begins[-1], "climb-abcd 3 0 7 1 (4, 0)")

    def test_one_step_at_a_time_counts_on(self):
        for script in (LOOP, CLASS):
            with self.subTest(script), DrivenTrainer(script) as trainer:
                trainer.result("initialize", **INITIALIZE)
                trainer.result("setup", member=0, seed=5, hyperparameters={})
                for step in range(3):
                    trainer.result("train", steps=1, generation={"number": 1, "step": step})
                self.assertEqual(self.height(trainer), 3)

    def test_what_cannot_be_a_place_is_refused(self):
        with DrivenTrainer(CLASS) as trainer:
            trainer.result("initialize", **INITIALIZE)
            for generation, named in (
                ({"step": -1}, "generation.step: -1 - must be a whole number from 0"),
                ({"run": 5}, "generation.run: 5 - must be a string"),
                ([], "generation: [] - must be an object"),
            ):
                error = trainer.error(
                    "setup", member=0, seed=5, hyperparameters={}, generation=generation
                )
                self.assertIn(named, error["message"])

    def height(self, trainer):
        return trainer.result("evaluate", final=False)["metrics"]["height"]

    def empty(self, name):
        directory = Path(name) / "saved"
        directory.mkdir()
        return str(directory)


if __name__ == "__main__":
    unittest.main()
