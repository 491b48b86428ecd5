"""The trainer of the golden transcripts, as a loop."""

import clade

height = 0.0
for generation in clade.generations(
    {"rate": 0.5, "kind": "steep", "fast": True}, steps=20, reads_back=True
):
    if generation.restore_from:
        height = float((generation.restore_from / "height.txt").read_text())
    hyperparameters = generation.hyperparameters
    in_force = dict(hyperparameters)
    generation.in_force(lambda: in_force)
    for _ in generation.steps():
        if hyperparameters["rate"] < 0:
            raise ValueError("rate must not be negative")
        height += hyperparameters["rate"]
        if hyperparameters["rate"] == 3:
            in_force["rate"] /= 2
    score = float("nan") if hyperparameters["rate"] == 5 else height
    if generation.final:
        generation.report(height=score, final=1, samples=[score, score])
    else:
        generation.report(height=score)
    if generation.save_to:
        (generation.save_to / "height.txt").write_text(f"{height:.3f}\n")
