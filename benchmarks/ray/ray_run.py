"""The triangle wave under Ray Tune: `ray_run.py MEMBERS GENERATIONS STEPS STORAGE`.

Prints seconds and generations as JSON. It is as fast as Ray is known to be: every member has an
actor of its own, actors are reused, only what Ray needs is logged to files, and every checkpoint
is kept, since Ray's clean-up deletes what a recipient is about to load.
"""

import json
import os
import sys
import time

os.environ.update(
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1", RAY_DEDUP_LOGS="1", RAY_AIR_NEW_OUTPUT="0"
)

import ray
from ray import tune
from ray.tune.schedulers import PopulationBasedTraining
from triangle_wave import TriangleWave

members, generations, steps = (int(word) for word in sys.argv[1:4])
storage = sys.argv[4]


class Trainable(tune.Trainable):
    def setup(self, config):
        self.rate = config["rate"]
        self.model = TriangleWave()

    def step(self):
        for _ in range(steps):
            self.model.step(self.rate)
        return {"accuracy": self.model.accuracy, "at": time.time()}

    def save_checkpoint(self, checkpoint_dir):
        self.model.save(checkpoint_dir)

    def load_checkpoint(self, checkpoint_dir):
        self.model.load(checkpoint_dir)

    def reset_config(self, config):
        self.rate = config["rate"]
        return True


ray.init(log_to_driver=False, configure_logging=False, include_dashboard=False)
scheduler = PopulationBasedTraining(
    time_attr="training_iteration",
    metric="accuracy",
    mode="max",
    perturbation_interval=1,
    quantile_fraction=0.25,
    hyperparam_mutations={"rate": tune.uniform(1e-4, 0.02)},
)
begin = time.time()
results = tune.Tuner(
    tune.with_resources(Trainable, {"cpu": os.cpu_count() / members}),
    param_space={"rate": 1e-4},
    tune_config=tune.TuneConfig(scheduler=scheduler, num_samples=members, reuse_actors=True),
    run_config=tune.RunConfig(
        storage_path=storage, stop={"training_iteration": generations}, verbose=0
    ),
).fit()
seconds = time.time() - begin
trained = sum(result.metrics["training_iteration"] for result in results)
print(json.dumps({"seconds": seconds, "generations": trained, "errors": results.num_errors}))
