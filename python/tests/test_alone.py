import json
import tempfile
import unittest
from pathlib import Path

from driving import run_alone

HERE = Path(__file__).resolve().parent
CLASS, LOOP = HERE / "climber_class.py", HERE / "climber_loop.py"


class Alone(unittest.TestCase):
    def test_the_same_class_trains_alone_and_prints_metrics(self):
        lines = run_alone(CLASS).stdout.splitlines()
        self.assertEqual(lines[0], "step=2 height=1.0")
        self.assertEqual((len(lines), lines[-1]), (10, "step=20 height=10.0 final=1"))

    def test_the_same_loop_trains_alone_and_prints_metrics(self):
        lines = run_alone(LOOP, "--rate=1", "--of-the-script", "7").stdout.splitlines()
        self.assertEqual((len(lines), lines[-1]), (10, "step=20 height=20.0 final=1"))

    def test_options_set_hyperparameters_and_lengths(self):
        done = run_alone(
            CLASS, "--rate", "2", "--fast=false", "--steps", "7", "--evaluate-every", "3"
        )
        self.assertEqual(
            done.stdout, "step=3 height=6.0\nstep=6 height=12.0\nstep=7 height=14.0 final=1\n"
        )

    def test_a_saved_state_is_gone_on_from(self):
        with tempfile.TemporaryDirectory() as directory:
            run_alone(CLASS, "--steps", "2", "--save", f"{directory}/new")
            done = run_alone(
                CLASS, "--steps", "2", "--evaluate-every", "2", "--restore", f"{directory}/new"
            )
            self.assertEqual(done.stdout, "step=2 height=2.0 final=1\n")

    def test_names_are_accepted_with_dashes_and_underscores(self):
        script = """
import clade
defaults = {"learning_rate": 0.1, "warm-up": 3, "kind": "a", "big": True}
for generation in clade.generations(defaults, steps=1):
    for _ in generation.steps(): clade.log_metrics(loss=0.5)
    clade.log(generation.hyperparameters)
    generation.report(seed=generation.seed)
"""
        for options in (
            [
                "--learning_rate",
                "1",
                "--warm-up",
                "5",
                "--kind",
                "b",
                "--big",
                "FALSE",
                "--seed",
                "3",
            ],
            ["--learning-rate=1", "--warm_up=5", "--kind=b", "--big=false", "--seed=3"],
        ):
            expected = (
                "{'learning_rate': 1.0, 'warm-up': 5, 'kind': 'b', 'big': False}\nstep=1 loss=0.5 "
                "seed=3\n"
            )
            self.assertEqual(run_alone(script, *options).stdout, expected)

    def test_mistakes_on_the_command_line_are_named(self):
        for options, expected in (
            (["--rat", "2"], "unknown argument --rat. Did you mean --rate?"),
            (["--rate", "fast"], "--rate: invalid float value: 'fast'"),
            (["--fast", "yes"], "'yes' is not true or false"),
            (["--steps", "0"], "'0' is not a whole number from 1"),
        ):
            done = run_alone(CLASS, *options)
            self.assertEqual(done.returncode, 2)
            self.assertIn(expected, done.stderr)
        self.assertIn("--rate NUMBER", run_alone(CLASS, "--help").stdout)

    def test_a_loop_leaves_arguments_to_its_script_but_not_misspelt_hyperparameters(self):
        done = run_alone(LOOP, "--rat", "2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown argument --rat. Did you mean --rate?", done.stderr)
        self.assertIn("--rate NUMBER", run_alone(LOOP, "--help").stdout)

    def test_an_exception_ends_the_program_with_its_traceback(self):
        done = run_alone(CLASS, "--rate", "-1")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.endswith("ValueError: rate must not be negative\n"))

    def test_a_hyperparameter_cannot_have_the_name_of_an_option(self):
        done = run_alone("import clade; clade.serve(object, {'steps': 3})")
        self.assertIn("hyperparameter 'steps' is also the name of an option", done.stderr)

    def test_defaults_that_are_no_hyperparameters_are_refused(self):
        done = run_alone("import clade; clade.serve(object, {'layers': [3, 4]})")
        self.assertIn(
            "defaults: 'layers' is [3, 4] - must be a number, a string or a boolean", done.stderr
        )

    def test_a_script_without_a_main_guard_is_told_so_when_a_child_imports_it(self):
        script = """
import clade, multiprocessing
def work(): pass
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work); child.start(); child.join()
else:
    clade.serve(object)
"""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "train.py")
            path.write_text(script)
            self.assertIn(
                'put the call under `if __name__ == "__main__":`', run_alone(path).stderr
            )

    def test_nothing_but_the_standard_library_is_imported(self):
        script = (
            "import sys, clade, json; print(json.dumps([n for n in ('torch', 'numpy') if n in "
            "sys.modules]))"
        )
        self.assertEqual(json.loads(run_alone(script).stdout), [])
