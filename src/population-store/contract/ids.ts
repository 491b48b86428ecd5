/** The name of a run, such as digits-8yp2. */
export type RunId = string & { readonly __brand: "RunId" };

/** Names a worker process: `host:pid:random`. */
export type WorkerId = string & { readonly __brand: "WorkerId" };
