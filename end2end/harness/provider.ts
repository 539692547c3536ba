import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import http from "node:http";

const port = 27042;

/** The issuer of the tests' OpenID provider. Another site than the console's for a browser, because the host has another name. */
export const issuer = `http://localhost:${port}`;

/** What the provider calls the console. */
export const client = "deck";

interface Flow {
  challenge: string;
  nonce: string;
  redirect: string;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An OpenID provider with one person, who is asked each time: discovery, keys, the page, and codes for tokens, once and with PKCE. */
export async function startProvider(groups: string[]): Promise<() => Promise<void>> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" };
  const flows = new Map<string, Flow>();

  const token = (nonce: string): string => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, aud: client, sub: "subject-of-ada", iat: now, exp: now + 60, nonce, preferred_username: "ada", groups };
    const signed = `${encode({ alg: "RS256", kid: "one" })}.${encode(claims)}`;
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey).toString("base64url")}`;
  };

  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    const json = (value: object, status = 200) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      return json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    }
    if (url.pathname === "/keys") return json({ keys: [key] });
    if (url.pathname === "/authorize") {
      const asked = (name: string) => url.searchParams.get(name) ?? "";
      const back = new URL(asked("redirect_uri"));
      const right = asked("client_id") === client && asked("code_challenge_method") === "S256" && asked("response_type") === "code";
      if (!right) return json({ error: "invalid_request" }, 400);
      const code = randomBytes(16).toString("hex");
      flows.set(code, { challenge: asked("code_challenge"), nonce: asked("nonce"), redirect: back.href });
      const link = (words: string, answer: Record<string, string>) => {
        const to = new URL(back);
        for (const [name, value] of Object.entries({ ...answer, state: asked("state") })) to.searchParams.set(name, value);
        return `<p><a href="${to.href.replaceAll("&", "&amp;")}">${words}</a></p>`;
      };
      response.writeHead(200, { "content-type": "text/html" });
      return response.end(`<title>Provider</title>${link("Continue as ada", { code })}${link("Decline", { error: "access_denied" })}`);
    }
    if (url.pathname === "/token" && request.method === "POST") {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const sent = new URLSearchParams(body);
        const code = sent.get("code") ?? "";
        const flow = flows.get(code);
        flows.delete(code);
        const challenge = createHash("sha256").update(sent.get("code_verifier") ?? "").digest("base64url");
        const fits = flow && flow.challenge === challenge && flow.redirect === sent.get("redirect_uri");
        if (!fits) return json({ error: "invalid_grant" }, 400);
        json({ access_token: "nothing", token_type: "Bearer", expires_in: 60, id_token: token(flow.nonce) });
      });
      return;
    }
    json({ error: "not_found" }, 404);
  });
  await new Promise<void>((resolve) => server.listen(port, "localhost", resolve));
  return () => new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
