import json
import tempfile
import unittest
from pathlib import Path

from driving import INITIALIZE, DrivenTrainer

HERE = Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parent.parent / "protocol" / "transcripts"


@unittest.skipUnless(
    TRANSCRIPTS.is_dir(), "the transcripts are in the repository, not in the package"
)
class Transcripts(unittest.TestCase):
    def test_the_class_way_says_what_the_generation_and_copy_transcript_says(self):
        self.replay("climber_class.py", "a-generation-and-a-copy.jsonl", repeated_setup=True)

    def test_the_class_way_says_what_the_failures_transcript_says(self):
        self.replay("climber_class.py", "scores-and-failures.jsonl", repeated_setup=True)

    def test_the_loop_way_says_what_the_generation_and_copy_transcript_says(self):
        self.replay("climber_loop.py", "a-generation-and-a-copy.jsonl", repeated_setup=False)

    def test_the_loop_way_says_what_the_failures_transcript_says_with_a_process_for_each_setup(
        self,
    ):
        self.replay("climber_loop.py", "scores-and-failures.jsonl", repeated_setup=False)

    def replay(self, script, transcript, repeated_setup):
        lines = [json.loads(line) for line in (TRANSCRIPTS / transcript).read_text().splitlines()]
        directory, setups = None, 0
        trainer = DrivenTrainer(HERE / script)
        try:
            for line in lines:
                if "clade" in line:
                    request = line["clade"]
                    if request["method"] == "save":
                        directory = tempfile.mkdtemp()
                    if request["method"] == "setup":
                        setups += 1
                        if setups > 1 and not repeated_setup:
                            trainer.__exit__()
                            trainer = DrivenTrainer(HERE / script)
                            trainer.result("initialize", **INITIALIZE)
                    trainer.send(json.dumps(request).replace("$DIRECTORY", directory or ""))
                elif "method" not in line["trainer"]:
                    self.assertEqual(
                        without_what_may_differ(trainer.answer(), repeated_setup),
                        without_what_may_differ(line["trainer"], repeated_setup),
                    )
                    for notification in trainer.notifications:
                        self.assertIn({"trainer": notification}, lines)
            if lines[-2]["clade"]["method"] == "shutdown":
                self.assertEqual(trainer.exit_code(), 0)
        finally:
            trainer.__exit__()


def without_what_may_differ(answer, repeated_setup):
    result = answer.get("result", {})
    if "trainer" in result:
        capabilities = {**result["capabilities"], "repeatedSetup": repeated_setup}
        return {**answer, "result": {**result, "trainer": "", "capabilities": capabilities}}
    if "error" in answer:
        assert answer["error"]["data"]["traceback"]
        return {**answer, "error": {**answer["error"], "data": {}}}
    return answer
