"""Records sacrebleu's scores of some translations, for bleu.test.ts.

pip install sacrebleu && python record-bleu.py
"""

import json
from pathlib import Path

import sacrebleu

CASES = [
    (["the cat sat on the mat."], ["the cat sat on the mat."]),
    (["the cat sat on mat"], ["the cat sat on the mat"]),
    (["the the the the the the the"], ["the cat is on the mat"]),
    (
        ["and he said to them", "go up to the city", "fear not"],
        ["and he said to him", "go up against the city", "don't be afraid"],
    ),
    (["", "and god said"], ["in the beginning", "and god said, let there be light"]),
    (["yes", "no"], ["yes it is", "no it is not"]),
    (["he went"], ["they came"]),
    (
        ["él dijo: ¿dónde está tu hermano?", "la tierra, 1,000 años."],
        ["y él dijo: ¿dónde está abel tu hermano?", "la tierra, 1,000 años!"],
    ),
    (
        ['it costs $3.50 (or 4-5 more) & "that\'s" all/some'],
        ['it costs $3.5 (or 4-5 less) & "that\'s" all/none'],
    ),
    (
        ["a very long translation that goes on and on and on far beyond its reference"],
        ["a very long translation"],
    ),
    (
        ["&quot;woe&quot; &amp; sorrow  came", "his name was  joshua ,son of nun"],
        ['"woe" & sorrow came', "his name was joshua, son of nun"],
    ),
]

recorded = [
    {
        "hypotheses": hypotheses,
        "references": references,
        "bleu": sacrebleu.corpus_bleu(hypotheses, [references]).score,
    }
    for hypotheses, references in CASES
]
everything = [sum((case[side] for case in CASES), []) for side in (0, 1)]
recorded.append(
    {
        "hypotheses": everything[0],
        "references": everything[1],
        "bleu": sacrebleu.corpus_bleu(everything[0], [everything[1]]).score,
    }
)
path = Path(__file__).with_name("bleu-cases.json")
path.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
print(f"{len(recorded)} cases of sacrebleu {sacrebleu.__version__} written to {path.name}")
