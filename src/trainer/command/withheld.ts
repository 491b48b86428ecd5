/**
 * Keeps from trainers what only a worker needs: the keys to the stores and to the scheduler in its
 * environment.
 */

/**
 * For the population store, for checkpoints in S3, and for the cluster that the worker runs in.
 */
const withheld = new Set([
  "CLADE_STORE",
  "PGPASSWORD",
  "PGPASSFILE",
  "PGSERVICE",
  "PGSERVICEFILE",
  "PGSSLKEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CONFIG_FILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "KUBECONFIG",
  "SLURM_JWT",
]);

type Variables = { readonly [name: string]: string | undefined };

/**
 * The environment of a trainer: the worker's without what is withheld, and what the experiment
 * declares. `true` stands for the worker's own value of a variable, even of a withheld one. A
 * variable that the worker lacks is left out.
 */
export function trainerEnvironment(
  inherited: Variables,
  declared: { readonly [name: string]: string | true } = {},
): Variables {
  const kept = Object.entries(inherited).filter(([name]) => !withheld.has(name));
  const given = Object.entries(declared).map(([name, value]) => [
    name,
    value === true ? inherited[name] : value,
  ]);
  return { ...Object.fromEntries(kept), ...Object.fromEntries(given) };
}
