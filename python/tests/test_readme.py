import importlib.util
import re
import tempfile
import unittest
from pathlib import Path

from driving import INITIALIZE, DrivenTrainer, long_only, run_alone

README = Path(__file__).resolve().parent.parent / "README.md"
*EXAMPLES, TRANSFORMERS = re.findall(
    r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
)


@unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed")
class Readme(unittest.TestCase):
    @long_only
    def test_both_examples_train_alone_to_the_same_model(self):
        last = [run_alone(example, "--seed", "3").stdout.splitlines()[-1] for example in EXAMPLES]
        self.assertRegex(last[0], r"^step=2000 loss=\S+ error=0\.0")
        self.assertEqual(len(last), 2)
        self.assertEqual(last[0], last[1])

    @long_only
    def test_both_examples_go_on_exactly_in_another_process_and_differently_as_a_copy(self):
        for example in EXAMPLES:
            with self.subTest(example.split("\n")[3]), tempfile.TemporaryDirectory() as directory:
                turn = {"hyperparameters": {"learning_rate": 0.01, "momentum": 0.5}}
                with DrivenTrainer(example) as trainer:
                    trainer.result("initialize", **INITIALIZE)
                    trainer.result("setup", member=0, seed=3, **turn)
                    trainer.result("train", steps=5)
                    trainer.result("evaluate", final=False)
                    trainer.result("save", directory=directory)
                    trainer.result("train", steps=5)
                    after = trainer.result("evaluate", final=False)["metrics"]
                errors = []
                for seed in (3, 4):
                    with DrivenTrainer(example) as trainer:
                        trainer.result("initialize", **INITIALIZE)
                        answer = trainer.result(
                            "restore", member=seed, seed=seed, directory=directory, **turn
                        )
                        self.assertEqual(answer["hyperparameters"], turn["hyperparameters"])
                        trainer.result("train", steps=5)
                        errors.append(trainer.result("evaluate", final=False)["metrics"])
                self.assertEqual(errors[0], after)
                self.assertNotEqual(errors[1], after)


@unittest.skipUnless(importlib.util.find_spec("transformers"), "transformers is not installed")
class Transformers(unittest.TestCase):
    """With the Trainer's own warm-up and linear decay over 10,000 steps from 5e-5."""

    def test_the_trainer_trains_generations_with_the_base_rate_that_it_was_told(self):
        with tempfile.TemporaryDirectory() as directory, DrivenTrainer(TRANSFORMERS) as trainer:
            trainer.begin(learning_rate=0.02)
            for _ in range(2):
                answer = trainer.result("train", steps=4)
                self.assertEqual(answer, {"steps": 4, "hyperparameters": {"learning_rate": 0.02}})
                trainer.result("evaluate", final=False)
            trainer.result("save", directory=directory)
            turn = {
                "member": 0,
                "seed": 1,
                "hyperparameters": {"learning_rate": 0.05},
                "directory": directory,
            }
            with DrivenTrainer(TRANSFORMERS) as other:
                other.result("initialize", **INITIALIZE)
                for each in (trainer, other):
                    self.assertEqual(each.result("restore", **turn)["readBack"], ["learning_rate"])
                    answer = each.result("train", steps=3)
                    self.assertEqual(answer["hyperparameters"], {"learning_rate": 0.05})

    def test_a_schedule_that_it_was_not_told_of_is_found_after_the_last_step(self):
        script = TRANSFORMERS.replace("scheduler=schedule, ", "")
        with DrivenTrainer(script) as trainer:
            trainer.begin(learning_rate=0.02)
            answer = trainer.result("train", steps=2)
            self.assertNotEqual(answer["hyperparameters"], {"learning_rate": 0.02})
            self.assertRegex(answer["causes"]["learning_rate"], "^LambdaLR overwrites it")
