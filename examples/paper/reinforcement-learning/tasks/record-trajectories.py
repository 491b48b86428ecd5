"""Records trajectories of Gymnasium's tasks for tasks.test.ts.

pip install "gymnasium[mujoco]" && python record-trajectories.py
"""

import json
from pathlib import Path

import gymnasium
import numpy as np


def acrobot(env, state):
    env.unwrapped.state = np.array(state)


def pendulum(env, state):
    env.unwrapped.state = np.array(state)


def half_cheetah(env, state):
    env.unwrapped.set_state(np.array(state[:9]), np.array(state[9:]))


def inverted_double_pendulum(env, state):
    env.unwrapped.set_state(np.array(state[:3]), np.array(state[3:6]))


# Accelerations, and where the tip is.
STANDS = [0, 0, 0, 0, 0, 1.2]

TASKS = [
    ("acrobot", "Acrobot-v1", acrobot, [0.05, -0.08, 0.02, 0.09], 400),
    ("acrobot", "Acrobot-v1", acrobot, [1.2, 0.4, 3.0, 1.0], 60),
    ("pendulum", "Pendulum-v1", pendulum, [3.0, -0.7], 200),
    ("pendulum", "Pendulum-v1", pendulum, [-0.3, 7.9], 60),
    (
        "half-cheetah",
        "HalfCheetah-v5",
        half_cheetah,
        [0, 0.05, -0.03, 0.02, 0, 0.08, -0.06, 0.01, 0.04] + [0.1] * 9,
        60,
    ),
    (
        "inverted-double-pendulum",
        "InvertedDoublePendulum-v5",
        inverted_double_pendulum,
        [0.02, -0.03, 0.01, 0.1, -0.1, 0.05] + STANDS,
        20,
    ),
    # The cart meets the end of its rail.
    (
        "inverted-double-pendulum",
        "InvertedDoublePendulum-v5",
        inverted_double_pendulum,
        [0.95, 0.3, -0.3, 3, -1, 1] + STANDS,
        20,
    ),
]

random = np.random.default_rng(0)
recorded = []
for name, id, begin, state, steps in TASKS:
    env = gymnasium.make(id)
    env.reset(seed=0)
    begin(env, state)
    actions, observations, rewards, ended = [], [], [], []
    while len(actions) < steps and not (ended and ended[-1]):
        if env.action_space.shape == ():
            action = int(random.integers(3))
            actions.append([action])
        else:
            # Beyond the range, too.
            drawn = 1.2 * random.uniform(env.action_space.low, env.action_space.high)
            action = drawn.astype(np.float32)
            actions.append([float(number) for number in action])
            # Gymnasium clips it for the motors but not for the cost of the effort, and asks for
            # actions within the range.
            action = np.clip(action, env.action_space.low, env.action_space.high)
        observation, reward, terminated, *_ = env.step(action)
        observations.append([float(number) for number in observation])
        rewards.append(float(reward))
        ended.append(bool(terminated))
    every = max(1, steps // 20)
    recorded.append(
        {
            "task": name,
            "state": state,
            "actions": actions,
            "rewards": rewards,
            "ended": ended[-1],
            "observations": {str(i): observations[i] for i in range(0, len(actions), every)},
        }
    )
path = Path(__file__).with_name("trajectories.json")
path.write_text(json.dumps(recorded) + "\n")
print(f"{len(recorded)} trajectories of Gymnasium {gymnasium.__version__} written to {path.name}")
