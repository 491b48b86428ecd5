"""CartPole-v1 by proximal policy optimisation (Schulman et al. 2017), alone or in a population.

    python cartpole.py --learning_rate 0.001     trains one policy
    npx clade run cartpole.yaml                  trains eight, with Population Based Training

One step plays 64 moves in each of 8 environments and learns from them. This is a plain script with
its own loop; the lines with `generation` are Clade's part.
"""

import clade
import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

ENVIRONMENTS, MOVES, LONGEST_EPISODE = 8, 64, 500
EPOCHS, MINIBATCH = 4, 128
DISCOUNT, VALUE_COST, LARGEST_GRADIENT = 0.99, 0.5, 0.5


class Player:
    """Environments in the middle of their episodes, and the returns of the last 10 that ended.

    Every start is drawn from PyTorch's random state, so that there is no other to be saved.
    """

    def __init__(self):
        self.environments = [gymnasium.make("CartPole-v1").unwrapped for _ in range(ENVIRONMENTS)]
        self.observations = [start(environment) for environment in self.environments]
        self.running, self.returns = [0.0] * ENVIRONMENTS, []

    def move(self, actions):
        """The next observations, rewards, and which episodes were lost or cut short."""
        reached, rewards, lost, cut = [], [], [], []
        for i, environment in enumerate(self.environments):
            observation, reward, is_lost, _, _ = environment.step(int(actions[i]))
            reached.append(observation)
            rewards.append(reward)
            self.observations[i] = observation
            self.running[i] += reward  # 1 for every move, so this counts them too
            is_cut = self.running[i] == LONGEST_EPISODE
            lost.append(float(is_lost))
            cut.append(float(is_cut))
            if is_lost or is_cut:
                self.returns = [*self.returns, self.running[i]][-10:]
                self.observations[i], self.running[i] = start(environment), 0.0
        return tensor(reached), torch.tensor(rewards), torch.tensor(lost), torch.tensor(cut)

    def state_dict(self):
        states = torch.from_numpy(
            np.stack([environment.state for environment in self.environments])
        )
        return {"states": states, "running": self.running, "returns": self.returns}

    def load_state_dict(self, saved):
        for environment, state in zip(self.environments, saved["states"]):
            environment.state = state.numpy()
        self.observations = list(saved["states"].float().numpy())
        self.running, self.returns = saved["running"], saved["returns"]


def start(environment):
    observation, _ = environment.reset(seed=int(torch.randint(2**31, ())))
    return observation


def tensor(observations):
    return torch.from_numpy(np.stack(observations))


def network(outputs, scale):
    """From the 4 numbers of an observation; orthogonal weights, as PPO likes them."""
    layers = [nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs)]
    for layer, gain in zip(layers[::2], (2**0.5, 2**0.5, scale)):
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


@torch.no_grad()
def play(player, model, gae_lambda):
    """MOVES moves in every environment: observations, actions, returns and advantages."""
    seen, done, got, values, next_values, endings, log_probabilities = [], [], [], [], [], [], []
    for _ in range(MOVES):
        observations = tensor(player.observations)
        policy = Categorical(logits=model["policy"](observations))
        actions = policy.sample()
        reached, rewards, lost, cut = player.move(actions)
        seen.append(observations)
        done.append(actions)
        log_probabilities.append(policy.log_prob(actions))
        got.append(rewards)
        values.append(model["value"](observations).squeeze(1))
        # A lost episode has no future.
        next_values.append(model["value"](reached).squeeze(1) * (1 - lost))
        endings.append(torch.maximum(lost, cut))
    # Generalised advantage estimation (Schulman et al. 2016, equation 16), from the last move to
    # the first.
    advantage, advantages = torch.zeros(ENVIRONMENTS), []
    for move in reversed(range(MOVES)):
        surprise = got[move] + DISCOUNT * next_values[move] - values[move]
        advantage = surprise + DISCOUNT * gae_lambda * (1 - endings[move]) * advantage
        advantages.insert(0, advantage)
    advantages, values = torch.cat(advantages), torch.cat(values)
    return (
        torch.cat(seen),
        torch.cat(done),
        torch.cat(log_probabilities),
        advantages,
        advantages + values,
    )


def learn(model, optimizer, played, clip, entropy_cost):
    """Some epochs on the clipped objective (Schulman et al. 2017, equations 7 and 9)."""
    for _ in range(EPOCHS):
        for batch in torch.randperm(ENVIRONMENTS * MOVES).split(MINIBATCH):
            observations, actions, old_log_probabilities, advantages, returns = (
                part[batch] for part in played
            )
            policy = Categorical(logits=model["policy"](observations), validate_args=False)
            ratio = (policy.log_prob(actions) - old_log_probabilities).exp()
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
            gain = torch.minimum(
                ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages
            ).mean()
            error = (model["value"](observations).squeeze(1) - returns).pow(2).mean()
            loss = VALUE_COST * error - gain - entropy_cost * policy.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
            optimizer.step()


@torch.no_grad()
def fresh_returns(model, seeds):
    """One episode's return for each seed, by the likeliest actions, played side by side."""
    environments = {seed: gymnasium.make("CartPole-v1") for seed in seeds}
    observations = {
        seed: environment.reset(seed=seed)[0] for seed, environment in environments.items()
    }
    returns = dict.fromkeys(seeds, 0.0)
    while observations:
        playing = list(observations)
        actions = model["policy"](tensor([observations[seed] for seed in playing])).argmax(1)
        for seed, action in zip(playing, actions.tolist()):
            observations[seed], reward, lost, cut, _ = environments[seed].step(action)
            returns[seed] += reward
            if lost or cut:
                del observations[seed]
    return torch.tensor(list(returns.values()), dtype=torch.float64)


torch.set_num_threads(1)  # networks as small as these gain nothing from more
defaults = {"learning_rate": 1e-3, "entropy_cost": 0.01, "gae_lambda": 0.95, "clip": 0.2}
generations = clade.generations(defaults, steps=40)
clade.random_state.seed(generations.seed)
model = nn.ModuleDict({"policy": network(2, 0.01), "value": network(1, 1.0)})
optimizer = torch.optim.Adam(model.parameters(), eps=1e-5)
player = Player()
everything = {"model": model, "optimizer": optimizer, "player": player}

for generation in generations:
    if generation.restore_from:
        clade.pytorch.load(generation.restore_from, seed=generation.seed, **everything)
    hyperparameters = generation.hyperparameters
    clade.pytorch.apply(optimizer, lr=hyperparameters["learning_rate"])
    generation.watch(optimizer, learning_rate="lr")

    for _ in generation.steps():
        played = play(player, model, hyperparameters["gae_lambda"])
        learn(model, optimizer, played, hyperparameters["clip"], hyperparameters["entropy_cost"])

    metrics = {"episode_return": torch.tensor(player.returns, dtype=torch.float64).mean()}
    # The population's best is chosen by fresh_return; test_return steers nothing.
    if generation.final:
        metrics["fresh_return"] = fresh_returns(model, range(100)).mean()
        metrics["test_return"] = fresh_returns(model, range(1000, 1100)).mean()
    generation.report(metrics, samples=player.returns)
    if generation.save_to:
        clade.pytorch.save(generation.save_to, **everything)
