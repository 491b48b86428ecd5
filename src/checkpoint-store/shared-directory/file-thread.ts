/** A thread that makes the calls of a shared directory, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { type FileCall, type FileReply, makeCall } from "./file-calls.ts";

parentPort!.on("message", (call: FileCall) => {
  const reply = replyTo(call);
  // A small buffer may share its memory with others, and is copied.
  const own =
    "value" in reply && reply.value instanceof Uint8Array && reply.value.length > Buffer.poolSize;
  parentPort!.postMessage(reply, own ? [(reply.value as Uint8Array).buffer as ArrayBuffer] : []);
});

function replyTo(call: FileCall): FileReply {
  try {
    return { value: makeCall(workerData as string, call) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { error: { ...(code && { code }), message } };
  }
}
