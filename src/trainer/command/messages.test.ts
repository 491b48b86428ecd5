import { expect, test } from "vitest";
import { messageOf } from "./messages.ts";

const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;

test("a line of nothing but brackets is refused before it is parsed", () => {
  expect(messageOf(`{"jsonrpc":"2.0","id":1,"result":${deep}}`)).toContain(
    "is nested more than 64 levels deep",
  );
  expect(messageOf(`{"jsonrpc":"2.0","id":1,"result":${'{"a":'.repeat(1_000_000)}`)).toContain(
    "nested",
  );
});

test("brackets in a text are not levels", () => {
  const traceback = `he said "${"[{".repeat(1000)}\\`;
  const line = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    error: { message: "no", data: { traceback } },
  });
  expect(messageOf(line)).toEqual({ kind: "error", id: 1, message: "no", traceback });
});

test("a message that is not a text is shown as it is", () => {
  expect(messageOf('{"jsonrpc":"2.0","id":1,"error":{"message":[["a"],{}]}}')).toMatchObject({
    message: '[["a"], {}]',
  });
});
