import { actorCritic } from "./actor-critic.ts";
import { invertedDoublePendulum } from "./tasks/inverted-double-pendulum.ts";

export default actorCritic(invertedDoublePendulum, { stepsPerMember: 100, readyEvery: 2 });
