import { actorCritic } from "./actor-critic.ts";
import { acrobot } from "./tasks/acrobot.ts";

export default actorCritic(acrobot, { stepsPerMember: 12, readyEvery: 2 });
