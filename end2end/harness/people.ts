import { execFileSync } from "node:child_process";
import http from "node:http";

/** The name of the cookie on loopback without TLS. */
export const COOKIE = "quarterdeck";

/** Adds a person from the command line, as an admin of the machine would. Returns their password. */
export function addPerson(program: string, database: string, name: string, ...roles: string[]): string {
  const flags = roles.flatMap((role) => ["--role", role]);
  const words = ["user", "add", name, ...flags, "--database", database];
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** Signs somebody in without a browser. Returns the secret that their browser would hold. */
export async function signIn(origin: string, name: string, password: string): Promise<string> {
  const body = new URLSearchParams({ name, password, to: "/" }).toString();
  const headers = { origin, "content-type": "application/x-www-form-urlencoded" };
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(`${origin}/sign-in`, { method: "POST", headers }, resolve);
    request.on("error", reject);
    request.end(body);
  });
  answer.resume();
  const cookie = (answer.headers["set-cookie"] ?? []).find((one) => one.startsWith(`${COOKIE}=`));
  const secret = cookie?.slice(COOKIE.length + 1).split(";")[0];
  if (answer.statusCode !== 303 || !secret) throw new Error(`${name} was not let in: ${answer.statusCode}`);
  return secret;
}

/** What a browser keeps of somebody who is signed in, as Playwright reads it. */
export function kept(secret: string): object {
  const cookie = { name: COOKIE, value: secret, domain: "127.0.0.1", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Strict" };
  return { cookies: [cookie], origins: [] };
}

/** Takes a role from a person from the command line. Their sessions end. */
export function revoke(program: string, database: string, name: string, role: string): void {
  execFileSync(program, ["user", "role", "take", name, role, "--database", database], { stdio: ["ignore", "pipe", "inherit"] });
}
