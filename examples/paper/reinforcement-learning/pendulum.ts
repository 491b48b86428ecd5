import { actorCritic } from "./actor-critic.ts";
import { pendulum } from "./tasks/pendulum.ts";

export default actorCritic(pendulum, { stepsPerMember: 18, readyEvery: 2 });
