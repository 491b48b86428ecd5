/** A thread that makes the calls of a shared directory, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { type FileCall, type FileReply, makeCall } from "./file-calls.ts";

parentPort!.on("message", (call: FileCall) => {
  parentPort!.postMessage(replyTo(call));
});

function replyTo(call: FileCall): FileReply {
  try {
    return { value: makeCall(workerData as string, call) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { error: { ...(code && { code }), message } };
  }
}
