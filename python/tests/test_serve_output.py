import json
import os
import tempfile
import unittest
from pathlib import Path

from driving import MINIMAL, SERVE, DrivenTrainer, trainer_with


class Output(unittest.TestCase):
    def test_nothing_that_a_process_or_its_children_print_gets_into_the_protocol(self):
        body = """
def step(self, h):
    print("printed"); os.system("echo from a shell"); os.write(1, b"written\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"])
    sys.__stdout__.write("to the original\\n")
    clade.log("first\\nsecond")
"""
        with DrivenTrainer(
            "print('before the import')\n" + MINIMAL + "print('after')\nos.write(1, b'')" + SERVE
        ) as t:
            t.begin()
            self.assertIn("before the import", t.logged())
            self.assertIn("after", t.logged())
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.result("train", steps=1)
            texts = [n["params"]["text"] for n in trainer.notifications if n["method"] == "log"]
            self.assertEqual(texts, ["first", "second"])
            logged = trainer.logged()
            for text in ("printed", "from a shell", "written", "from a child", "to the original"):
                self.assertIn(text, logged)
            self.assertLess(logged.index("printed"), logged.index("from a shell"))

    def test_children_do_not_eat_requests_and_do_not_believe_that_they_are_driven(self):
        body = """
def evaluate(self, final):
    program = "import os, sys; print(len(sys.stdin.read()), os.environ.get('CLADE_PROTOCOL'))"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    clade.log(child.stdout.strip()); clade.log(repr(sys.stdin.read()))
    return {"score": 1}
"""
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.result("evaluate", final=False)
            self.assertEqual(
                [n["params"]["text"] for n in trainer.notifications], ["0 None", "''"]
            )

    def test_a_long_lived_child_does_not_hold_the_protocol_open(self):
        body = "def step(self, h): subprocess.Popen(['sleep', '5'])"
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.result("train", steps=1)
            trainer.result("shutdown")
            self.assertEqual(trainer.exit_code(), 0)

    @unittest.skipUnless(hasattr(os, "fork"), "this system has no fork")
    def test_a_forked_child_says_nothing_whether_it_exits_or_runs_on(self):
        body = """
def step(self, h):
    child = os.fork()
    if child: os.waitpid(child, 0)
    elif self.h["leave"]: sys.exit(0)
    clade.log("from the parent only" if child else "from the child")
"""
        for leave in (True, False):
            with self.subTest(leave=leave), trainer_with(body) as trainer:
                trainer.begin(leave=leave)
                self.assertEqual(trainer.result("train", steps=1), {"steps": 1})
                texts = [
                    n["params"]["text"] for n in trainer.notifications if n["method"] == "log"
                ]
                self.assertEqual(texts, ["from the parent only"])
                self.assertEqual(
                    trainer.result("evaluate", final=False), {"metrics": {"score": 1}}
                )
                trainer.result("shutdown")
                self.assertEqual(trainer.exit_code(), 0)

    def test_processes_of_multiprocessing_work(self):
        script = """
import clade, multiprocessing, sys
def square(x): print("squaring"); return x * x
class T:
    def setup(self, h, seed): pass
    def step(self, h): pass
    def evaluate(self, final):
        with multiprocessing.get_context(METHOD).Pool(2) as pool:
            return {"score": sum(pool.map(square, [1, 2, 3]))}
    def save(self, directory): pass
    def restore(self, directory, h, seed): pass
if __name__ == "__main__": clade.serve(T)
"""
        for method in ("fork", "spawn"):
            with self.subTest(method), tempfile.TemporaryDirectory() as directory:
                path = Path(directory, "train.py")
                path.write_text(script.replace("METHOD", repr(method)))
                with DrivenTrainer(path) as trainer:
                    trainer.begin()
                    self.assertEqual(
                        trainer.result("evaluate", final=False)["metrics"], {"score": 14}
                    )

    def test_metrics_of_training_are_told_newest_last_before_the_answer(self):
        body = (
            "n = 0\ndef step(self, h): self.n += 1; clade.log_metrics(loss=1 / self.n, "
            "bad=float('nan'))"
        )
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.result("train", steps=4)
            told = [n["params"] for n in trainer.notifications if n["method"] == "metrics"]
            self.assertEqual(told[-1], {"loss": 0.25, "bad": None})

    def test_a_metric_of_training_that_is_no_number_fails_the_step(self):
        with trainer_with("def step(self, h): clade.log_metrics(loss='low')") as trainer:
            trainer.begin()
            self.assertIn(
                "loss: 'low' - must be one number", trainer.error("train", steps=1)["message"]
            )

    def test_a_sign_of_life_is_progress_without_steps(self):
        with trainer_with(
            "def evaluate(self, final): clade.sign_of_life(); return {'score': 1}"
        ) as trainer:
            trainer.begin()
            trainer.result("evaluate", final=False)
            self.assertEqual(
                [(n["method"], n["params"]) for n in trainer.notifications], [("progress", {})]
            )


class Ending(unittest.TestCase):
    def test_the_end_of_input_ends_an_idle_process_with_0(self):
        with trainer_with("pass") as trainer:
            trainer.begin()
            trainer.process.stdin.close()
            self.assertEqual(trainer.exit_code(), 0)

    def test_the_end_of_input_ends_a_busy_process_too(self):
        body = """
def step(self, h):
    import time, clade.channel
    clade.channel.GRACE_SECONDS = 0.2
    clade.log("busy")
    while True: time.sleep(0.01)
"""
        with trainer_with(body) as trainer:
            trainer.begin()
            trainer.request("train", steps=1)
            self.assertEqual(trainer.message()["method"], "log")
            trainer.process.stdin.close()
            trainer.process.wait(timeout=60)
            self.assertIn("standard input has ended", trainer.logged())

    def test_requests_that_came_before_the_end_of_input_are_answered(self):
        with trainer_with("pass") as trainer:
            for number, method in enumerate(("initialize", "shutdown")):
                trainer.send(
                    json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": {}})
                )
            trainer.process.stdin.close()
            self.assertEqual([trainer.message()["id"], trainer.message()["id"]], [0, 1])
            self.assertEqual(trainer.exit_code(), 0)

    def test_a_request_of_many_megabytes_is_read_whole(self):
        with trainer_with(
            "def evaluate(self, final): return {'length': len(self.h['text'])}"
        ) as trainer:
            trainer.begin(text="x" * 5_000_000)
            self.assertEqual(
                trainer.result("evaluate", final=False)["metrics"], {"length": 5_000_000}
            )
