import { init } from "@jax-js/jax";

const { Instance } = WebAssembly;

/**
 * Readies jax-js to work in WebAssembly. Version 0.1 makes an instance for each call of a kernel,
 * which takes two fifths of the time in Chromium, where instances are counted. A kernel keeps
 * nothing between its calls, so one instance in each memory will do.
 */
export async function initWasm(): Promise<void> {
  WebAssembly.Instance = new Proxy(Instance, {
    construct: (_, [module, imports]) => instanceOf(module, imports),
  });
  await init("wasm");
}

type Instances = WeakMap<WebAssembly.Module, WebAssembly.Instance>;

const kept = new WeakMap<WebAssembly.Memory, Instances>();

function instanceOf(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
  const memory = imports?.env?.memory;
  if (!(memory instanceof WebAssembly.Memory)) return new Instance(module, imports);
  const instances: Instances = kept.get(memory) ?? new WeakMap();
  kept.set(memory, instances);
  const instance = instances.get(module) ?? new Instance(module, imports);
  instances.set(module, instance);
  return instance;
}
