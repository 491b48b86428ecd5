import hashlib
import tempfile
import unittest
from pathlib import Path

from driving import INITIALIZE, MINIMAL, SERVE, DrivenTrainer, trainer_with


class Serving(unittest.TestCase):
    def test_restore_as_the_first_request_sets_the_trainer_up_before(self):
        body = """
calls = []
def setup(self, h, seed): self.calls.append(f"setup {seed}")
def restore(self, directory, h, seed): self.calls.append(f"restore {seed}")
def evaluate(self, final): clade.log(str(self.calls)); return {"score": 1}
"""
        with trainer_with(body) as trainer, tempfile.TemporaryDirectory() as directory:
            trainer.result("initialize", **INITIALIZE)
            for _ in range(2):
                trainer.result(
                    "restore", member=0, seed=4, hyperparameters={}, directory=directory
                )
            trainer.result("evaluate", final=False)
            self.assertEqual(
                trainer.notifications[0]["params"]["text"], "['setup 4', 'restore 4', 'restore 4']"
            )

    def test_one_instance_serves_every_setup(self):
        body = (
            "made = 0\ndef __init__(self): T.made += 1\ndef evaluate(self, final): return "
            "{'made': T.made}"
        )
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.result("setup", member=1, seed=2, hyperparameters={})
            self.assertEqual(trainer.result("evaluate", final=False)["metrics"], {"made": 1})

    def test_a_class_that_does_not_inherit_serves_as_well(self):
        script = MINIMAL.replace("(clade.Trainer)", "") + SERVE
        with DrivenTrainer(script) as trainer:
            trainer.begin()
            self.assertEqual(trainer.result("train", steps=7), {"steps": 7})

    def test_a_missing_method_is_named_in_the_answer_to_initialize(self):
        with DrivenTrainer(
            "import clade\nclass T(clade.Trainer):\n  def setup(self, h, s): pass\nclade.serve(T)"
        ) as t:
            message = t.error("initialize", **INITIALIZE)["message"]
            self.assertIn("T has no step, evaluate, save, restore", message)

    def test_an_unknown_protocol_is_answered_with_the_known_one(self):
        with trainer_with("pass") as trainer:
            self.assertEqual(trainer.result("initialize", protocol=9, clade="9")["protocol"], 1)

    def test_what_breaks_the_protocol_is_refused_and_serving_goes_on(self):
        with trainer_with("pass") as trainer:
            trainer.result("initialize", **INITIALIZE)
            self.assertEqual(trainer.error("train", steps=1)["code"], -32602)
            trainer.result("setup", member=0, seed=1, hyperparameters={})
            self.assertEqual(trainer.error("fly")["code"], -32601)
            for params in (
                {},
                {"steps": 0},
                {"steps": True},
                {"steps": 1.5},
                {"seconds": -1},
                {"seconds": "1"},
            ):
                self.assertEqual(trainer.error("train", **params)["code"], -32602, params)
            self.assertEqual(trainer.error("evaluate")["code"], -32602)
            self.assertEqual(trainer.error("save", directory="here")["code"], -32602)
            self.assertEqual(
                trainer.error("setup", member=0, seed=-1, hyperparameters={})["code"], -32602
            )
            trainer.send("not json")
            self.assertEqual(trainer.answer()["error"]["code"], -32700)
            self.assertEqual(trainer.result("evaluate", final=False), {"metrics": {"score": 1}})

    def test_train_ends_at_steps_or_seconds_whichever_comes_first_but_does_a_step(self):
        with trainer_with("pass") as trainer:
            trainer.begin()
            self.assertEqual(trainer.result("train", steps=3, seconds=60), {"steps": 3})
            self.assertEqual(trainer.result("train", seconds=0), {"steps": 1})
            self.assertGreater(trainer.result("train", seconds=0.05)["steps"], 1)

    def test_an_exception_in_each_method_is_answered_in_one_line_with_the_users_frames(self):
        raising = "def {0}(self, *arguments): raise KeyError('first\\nsecond')"
        requests = {
            "setup": ("setup", {"member": 0, "seed": 1, "hyperparameters": {}}),
            "step": ("train", {"steps": 1}),
            "evaluate": ("evaluate", {"final": False}),
            "save": ("save", {}),
            "restore": ("restore", {"member": 0, "seed": 1, "hyperparameters": {}}),
            "hyperparameters_in_force": ("setup", {"member": 0, "seed": 1, "hyperparameters": {}}),
        }
        for name, (method, params) in requests.items():
            with (
                self.subTest(name),
                tempfile.TemporaryDirectory() as empty,
                trainer_with(raising.format(name)) as t,
            ):
                t.result("initialize", **INITIALIZE)
                if method not in ("setup", "restore"):
                    t.result("setup", member=0, seed=1, hyperparameters={})
                if method in ("save", "restore"):
                    params["directory"] = empty
                error = t.error(method, **params)
                self.assertEqual(
                    (error["code"], error["message"]), (-32000, "KeyError: 'first\\nsecond'")
                )
                self.assertIn(f"in {name}", error["data"]["traceback"])
                self.assertNotIn("src/clade", error["data"]["traceback"])
                self.assertEqual(t.error(method, **params)["code"], -32000, "it serves on")

    def test_a_trainer_that_cannot_be_made_and_one_that_exits_are_answered(self):
        with trainer_with("def __init__(self): raise ValueError('no data')") as trainer:
            self.assertEqual(
                trainer.error("initialize", **INITIALIZE)["message"], "ValueError: no data"
            )
        with trainer_with("def step(self, h): sys.exit('enough\\nof it')") as trainer:
            trainer.begin()
            self.assertEqual(
                trainer.error("train", steps=1)["message"], "SystemExit: enough of it"
            )

    def test_a_score_that_is_not_one_number_is_refused_with_its_name_and_value(self):
        for value in ("'high'", "None", "[1, 2]", "1j", "True", "{}"):
            with (
                self.subTest(value),
                trainer_with(f"def evaluate(self, final): return {{'score': {value}}}") as trainer,
            ):
                trainer.begin()
                message = trainer.error("evaluate", final=False)["message"]
                self.assertIn(
                    f"clade.TrainerError: score: {value} - must be one number; convert it", message
                )

    def test_an_evaluation_without_metrics_is_refused(self):
        for value in ("None", "{}", "0.5"):
            with (
                self.subTest(value),
                trainer_with(f"def evaluate(self, final): return {value}") as trainer,
            ):
                trainer.begin()
                self.assertIn(
                    "metric" if value == "{}" else "by name",
                    trainer.error("evaluate", final=True)["message"],
                )

    def test_numbers_of_other_kinds_and_infinities_are_reported(self):
        body = """
def evaluate(self, final):
    from decimal import Decimal; from collections import deque
    nan = float("nan")
    samples = deque([1, nan])
    return {"a": Decimal("0.5"), "nan": nan, "far": -float("inf"), "n": 2**70, "samples": samples}
"""
        with trainer_with(body) as trainer:
            trainer.begin()
            expected = {
                "metrics": {"a": 0.5, "nan": None, "far": None, "n": 2.0**70},
                "samples": [1, None],
            }
            self.assertEqual(trainer.result("evaluate", final=False), expected)

    def test_a_save_without_a_file_or_with_a_name_that_is_not_allowed_is_refused(self):
        for body, expected in (
            ("pass", "save() wrote no file into "),
            ("(directory / 'my model').touch()", "save() wrote 'my model' - names must"),
            (
                "(directory / '.hidden').mkdir(); (directory / '.hidden/a').touch()",
                "save() wrote '.hidden/a'",
            ),
        ):
            with self.subTest(body), tempfile.TemporaryDirectory() as directory:
                with trainer_with(f"def save(self, directory): {body}") as trainer:
                    trainer.begin()
                    self.assertIn(expected, trainer.error("save", directory=directory)["message"])

    def test_the_hash_covers_files_in_directories_in_the_order_of_names(self):
        with tempfile.TemporaryDirectory() as directory, trainer_with("pass") as trainer:
            files = {"a-b": b"1", "a/c": b"2" * 3_000_000, "a.d": b"", "B": b"4"}
            for name, content in files.items():
                path = Path(directory, name)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            lines = (
                f"{hashlib.sha256(c).hexdigest()} {len(c)} {n}\n" for n, c in sorted(files.items())
            )
            trainer.result("initialize", **INITIALIZE)
            answer = trainer.result(
                "restore", member=0, seed=1, hyperparameters={}, directory=directory
            )
            self.assertEqual(
                answer["checkpoint"], hashlib.sha256("".join(lines).encode()).hexdigest()
            )


class Hyperparameters(unittest.TestCase):
    def test_defaults_fill_what_is_left_out_and_the_answer_has_what_was_asked(self):
        body = "def evaluate(self, final): return {'lr': self.h['lr'], 'depth': self.h['depth']}"
        with trainer_with(body, "\nclade.serve(T, defaults={'lr': 0.1, 'depth': 3})\n") as trainer:
            trainer.result("initialize", **INITIALIZE)
            answer = trainer.result("setup", member=0, seed=1, hyperparameters={"lr": 1})
            self.assertEqual(answer, {"hyperparameters": {"lr": 1.0}})
            self.assertEqual(
                trainer.result("evaluate", final=False)["metrics"], {"lr": 1.0, "depth": 3}
            )

    def test_a_name_that_the_trainer_would_ignore_is_refused_with_the_nearest(self):
        with trainer_with(
            "pass", "\nclade.serve(T, defaults={'learning_rate': 0.1})\n"
        ) as trainer:
            trainer.result("initialize", **INITIALIZE)
            error = trainer.error("setup", member=0, seed=1, hyperparameters={"learningrate": 1})
            self.assertEqual(error["code"], -32602)
            self.assertIn("Did you mean learning_rate?", error["message"])

    def test_values_in_force_are_read_back_and_the_others_echoed(self):
        with trainer_with("def hyperparameters_in_force(self): return {'lr': 0.25}") as trainer:
            self.assertTrue(
                trainer.result("initialize", **INITIALIZE)["capabilities"]["readsBack"]
            )
            answer = trainer.result(
                "setup", member=0, seed=1, hyperparameters={"lr": 0.5, "kind": "a"}
            )
            self.assertEqual(answer["hyperparameters"], {"lr": 0.25, "kind": "a"})

    def test_a_trainer_without_reading_back_does_not_claim_it(self):
        with trainer_with("pass") as trainer:
            self.assertFalse(
                trainer.result("initialize", **INITIALIZE)["capabilities"]["readsBack"]
            )

    def test_a_read_back_name_that_is_no_hyperparameter_is_refused(self):
        serve = "\nclade.serve(T, defaults={'lr': 0.1})\n"
        with trainer_with(
            "def hyperparameters_in_force(self): return {'rate': 0.25}", serve
        ) as trainer:
            trainer.result("initialize", **INITIALIZE)
            error = trainer.error("setup", member=0, seed=1, hyperparameters={"lr": 0.5})
            self.assertIn("'rate' in force - must be one of", error["message"])
