/**
 * Certificates for tests: an authority and what it signs (X.509 v3, RFC 5280, keys on the curve
 * P-256). The DER is written by hand, so that no tool is needed.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** Both as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Wanted {
  /** The common name; for a client the name of a database user. */
  readonly name: string;
  /** DNS names of a server. */
  readonly hosts?: readonly string[];
  readonly expired?: boolean;
}

export class Authority {
  readonly #name: string;
  readonly #keys = newKeys();
  readonly certificate: string;

  constructor(name: string) {
    this.#name = name;
    this.certificate = this.#signed({ name }, this.#keys.publicKey, true);
  }

  issue(wanted: Wanted): Certificate {
    const { publicKey, privateKey } = newKeys();
    return {
      certificate: this.#signed(wanted, publicKey, false),
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };
  }

  #signed(
    { name, hosts = [], expired = false }: Wanted,
    publicKey: KeyObject,
    isAuthority: boolean,
  ): string {
    const dayMs = 24 * 60 * 60_000;
    const end = Date.now() + (expired ? -dayMs : 10 * dayMs);
    const extensions = [
      isAuthority && extension("551d13", sequence(boolean(true))),
      hosts.length > 0 &&
        extension("551d11", sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))),
    ].filter((found) => found !== false);
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ecdsaWithSha256,
      distinguishedName(this.#name),
      sequence(time(end - 20 * dayMs), time(end)),
      distinguishedName(name),
      publicKey.export({ type: "spki", format: "der" }),
      ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
    );
    const signature = sign("sha256", body, this.#keys.privateKey);
    const whole = sequence(
      body,
      ecdsaWithSha256,
      der(0x03, Buffer.concat([Buffer.from([0]), signature])),
    );
    const lines = whole.toString("base64").match(/.{1,64}/g)!;
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }
}

const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, Buffer.concat(parts));
const identifier = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const boolean = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));
const ecdsaWithSha256 = sequence(identifier("2a8648ce3d040302"));
const commonName = identifier("550403");

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))));
}

function time(ms: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, "")}Z`));
}

/** Critical, as required for an authority. */
function extension(hex: string, content: Buffer): Buffer {
  return sequence(identifier(hex), boolean(true), der(0x04, content));
}
