import { actorCritic } from "./actor-critic.ts";
import { halfCheetah } from "./tasks/half-cheetah.ts";

export default actorCritic(halfCheetah, { stepsPerMember: 200, readyEvery: 4 });
