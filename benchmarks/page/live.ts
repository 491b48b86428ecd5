import { feed } from "../../test/end-to-end/live-in-browser.ts";

Object.assign(globalThis, { feed });
