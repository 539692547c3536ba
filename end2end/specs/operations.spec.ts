import { expect, test, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { enter } from "../harness/console.ts";
import { live } from "../harness/pages.ts";
import { kept } from "../harness/people.ts";

const namespace = "fleet-management-dev";
const component = (place: string) => `/e/${place}`;
const plan = (place: string, operation: string) =>
  `/operations/plan?component=${place}&operation=${operation}`;
const app = "fleet-management/development/deployment/fleet-app";
const api = "fleet-management/development/deployment/fleet-api";

let secrets: Record<string, string> = {};

/** A browser of somebody with a role everywhere. */
async function as(browser: Browser, role: "operator" | "lead" | "viewer", options = {}): Promise<[BrowserContext, Page]> {
  secrets[role] ??= await enter(`ops-${role}-${process.pid}`, role);
  const context = await browser.newContext({ storageState: kept(secrets[role]) as never, ...options });
  return [context, await context.newPage()];
}

/** The state of an operation and its sentence. */
function said(page: Page) {
  return page.locator("main [role=status]");
}

function value(kind: string, path: string, inside = namespace): string {
  return kubectl("main", "-n", inside, "get", kind, "-o", `jsonpath={${path}}`);
}

async function over(page: Page, word: "Done" | "Failed" | "Not done"): Promise<void> {
  await expect(said(page)).toContainText(word, { timeout: 90_000 });
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`a restart takes two clicks in development and is followed to its end, ${how} script`, async ({ browser }) => {
    const [context, page] = await as(browser, "operator", { javaScriptEnabled });
    const before = value("deployment/fleet-app", ".metadata.generation");
    await page.goto(component(app));
    if (javaScriptEnabled) await live(page);
    await page.getByRole("group", { name: "Operations" }).getByRole("link", { name: "Restart" }).click();
    await expect(page.getByRole("heading", { name: "What will happen" })).toBeVisible();
    await page.getByRole("button", { name: "Restart" }).click();
    await expect(page).toHaveURL(/\/operations\/[0-9a-f]{32}$/);
    await over(page, "Done");
    await expect(said(page)).toContainText("1 of 1 ready");
    expect(Number(value("deployment/fleet-app", ".metadata.generation"))).toBe(Number(before) + 1);
    const template = JSON.parse(kubectl("main", "-n", namespace, "get", "deployment/fleet-app", "-o", "json", "--show-managed-fields"));
    const ours = template.metadata.managedFields.find((entry: { manager: string; operation: string }) => entry.manager === "quarterdeck" && entry.operation === "Apply");
    expect(JSON.stringify(ours.fieldsV1), "the annotation is ours, so that Flux leaves it").toContain("kubectl.kubernetes.io/restartedAt");
    await page.goto("/changes?kind=restart");
    await expect(page.getByText("Restart fleet-app: Restarted.").first()).toBeVisible();
    await context.close();
  });
}

test("a number is chosen, its plan shown, and the pods come and go", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  try {
    await page.goto(plan(api, "scale"));
    await page.getByLabel("Replicas").fill("2");
    await page.getByRole("button", { name: "Show the plan" }).click();
    await expect(page.getByText("2 is more than the 1 declared")).toBeVisible();
    await page.getByRole("button", { name: "Scale" }).click();
    await over(page, "Done");
    await expect(said(page)).toContainText("Scaled from 1 to 2. 2 of 2 ready");
    expect(value("deployment/fleet-api", ".spec.replicas")).toBe("2");
  } finally {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-api", "--replicas=1");
  }
  await context.close();
});

test("what an autoscaler owns is scaled by its range, and a number by hand is refused with what would undo it", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  const target = "fleet-management/staging/deployment/fleet-app";
  const place = "fleet-management-staging";
  try {
    await page.goto(plan(target, "scale&replicas=5"));
    await expect(page.getByText(/the HPA fleet-app-hpa sets this back/i).first()).toBeVisible();
    await expect(page.getByRole("button", { name: "Scale" })).toBeDisabled();
    await page.goto(plan(target, "scale"));
    await page.getByLabel("Fewest").fill("3");
    await page.getByRole("button", { name: "Show the plan" }).click();
    const reason = page.getByLabel("Reason");
    if (await reason.isVisible()) await reason.fill("a load test");
    await page.getByRole("button", { name: "Set the range" }).click();
    await over(page, "Done");
    expect(value("hpa/fleet-app-hpa", ".spec.minReplicas", place)).toBe("3");
    expect(Number(value("deployment/fleet-app", ".spec.replicas", place))).toBeGreaterThanOrEqual(3);
  } finally {
    kubectl("main", "-n", place, "patch", "hpa/fleet-app-hpa", "-p", '{"spec":{"minReplicas":2}}');
  }
  await context.close();
});

test("a rollback shows what changes, brings the image back, and one that cannot come about fails with the pod's own reason", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  const image = () => value("deployment/fleet-app", ".spec.template.spec.containers[0].image");
  const revision = () => value("deployment/fleet-app", ".metadata.annotations.deployment\\.kubernetes\\.io/revision");
  const label = (value: string) => kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "-p",
    JSON.stringify({ spec: { template: { metadata: { labels: { "sim.kwok.dev/scenario": value || null } } } } }));
  const before = image();
  const name = value("deployment/fleet-app", ".spec.template.spec.containers[0].name");
  const good = revision();
  kubectl("main", "-n", namespace, "set", "image", "deployment/fleet-app", `${name}=${before.replace(/:[^:/]*$/, "")}:v9.9.9`);
  kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=60s");
  try {
    await page.goto(component(app) + "?tab=revisions");
    await live(page);
    await page.getByRole("link", { name: `Roll back to revision ${good}` }).click();
    await expect(page.getByRole("heading", { name: "What changes in the pod template" })).toBeVisible();
    const change = page.getByRole("row").filter({ hasText: `spec.containers[${name}].image` });
    await expect(change).toContainText("v9.9.9");
    await expect(change).toContainText(before);
    await page.getByRole("button", { name: "Roll back" }).click();
    await over(page, "Done");
    expect(image()).toBe(before);

    label("imagepull");
    await expect.poll(revision).not.toBe(good);
    const broken = revision();
    label("");
    kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=60s");
    await page.goto(plan(app, `roll-back&revision=${broken}`));
    await page.getByRole("button", { name: "Roll back" }).click();
    await over(page, "Failed");
    await expect(said(page)).toContainText(/cannot pull .*1 of 1 is available/);
  } finally {
    label("");
    kubectl("main", "-n", namespace, "set", "image", "deployment/fleet-app", `${name}=${before}`);
    kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=60s");
  }
  await context.close();
});

test("one pod of a database is evicted and comes back", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  const uid = () => value("pod/fleet-postgres-0", ".metadata.uid");
  const before = uid();
  await page.goto(plan("fleet-management/development/statefulset/fleet-postgres", "restart"));
  await page.getByText("One pod only").click();
  await page.getByRole("link", { name: "Evict only fleet-postgres-0" }).click();
  await page.getByRole("button", { name: "Evict the pod" }).click();
  await over(page, "Done");
  await expect(said(page)).toContainText("fleet-postgres-0 was evicted and is ready again");
  expect(uid()).not.toBe(before);
  await context.close();
});

test("in production a restart that interrupts is refused with its reasons, whatever is sent", async ({ browser }) => {
  const [context, page] = await as(browser, "lead");
  const place = "fleet-management";
  const generation = () => value("deployment/fleet-api", ".metadata.generation", place);
  const before = generation();
  await page.goto(plan("fleet-management/production/deployment/fleet-api", "restart"));
  const off = page.locator("#off");
  await expect(off).toContainText("A restart that interrupts needs a second person here");
  // Its one pod crashes now and then: then there is nothing to interrupt.
  await expect(page.getByText(/one replica and no surge|none of 1 is available now/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Restart" })).toBeDisabled();
  await expect(page.getByText("kubectl --context main -n fleet-management rollout restart deployment/fleet-api")).toBeVisible();
  // A form that was tampered with changes nothing.
  await page.locator("form[action='/operations']").evaluate((form: HTMLFormElement) => {
    for (const field of form.querySelectorAll<HTMLInputElement | HTMLButtonElement>("[disabled]")) field.disabled = false;
    for (const field of form.querySelectorAll<HTMLInputElement>("[required]")) field.value = field.name === "typed" ? "fleet-api" : "because";
  });
  await page.getByRole("button", { name: "Restart" }).click();
  await expect(page.locator("main").getByRole("alert")).toBeVisible();
  expect(generation()).toBe(before);
  await page.goto("/changes?result=refused&kind=restart");
  await expect(page.getByText(/Restart fleet-api: refused/).first()).toBeVisible();
  await context.close();
});

test("in production the name is typed and the reason stands in the record", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  await page.goto(plan("ctafleet/production/deployment/fleet-frontend", "restart"));
  await expect(page.getByText("Nothing speaks against it.")).toBeVisible();
  await page.getByLabel("Reason").fill("INC-7: memory grows");
  await page.getByLabel(/^Type fleet-frontend/).fill("fleet-frontend");
  await page.getByRole("button", { name: "Restart" }).click();
  await over(page, "Done");
  await expect(page.getByText("INC-7: memory grows")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Watched afterwards" })).toBeVisible();
  await context.close();
});

test("whoever only looks finds the buttons off with the reason, and their form is refused", async ({ browser }) => {
  const [context, page] = await as(browser, "viewer");
  await page.goto(component(app));
  await live(page);
  const restart = page.getByRole("group", { name: "Operations" }).getByText("Restart");
  await expect(restart).toHaveAttribute("aria-disabled", "true");
  await expect(restart).not.toHaveAttribute("href");
  await expect(page.getByText("Operating here needs the role operator or lead.")).toBeVisible();
  await page.goto(plan(app, "restart"));
  await expect(page.getByRole("button", { name: "Restart" })).toBeDisabled();
  await context.close();
});

test("the same plan pressed in two tabs is done once, and both see it", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  const generation = () => Number(value("deployment/fleet-api", ".metadata.generation"));
  const before = generation();
  await page.goto(plan(api, "restart"));
  const fields = await page.locator("form[action='/operations'] input[type=hidden]").evaluateAll((inputs) =>
    inputs.map((input) => [(input as HTMLInputElement).name, (input as HTMLInputElement).value] as const));
  const send = () => page.request.post("/operations", {
    form: Object.fromEntries(fields), headers: { origin: new URL(page.url()).origin }, maxRedirects: 0,
  });
  const answers = await Promise.all([send(), send(), send()]);
  const places = new Set(answers.map((answer) => `${answer.status()} ${answer.headers().location}`));
  expect([...places]).toHaveLength(1);
  expect([...places][0]).toMatch(/^303 \/operations\/[0-9a-f]{32}$/);
  await page.goto(answers[0].headers().location);
  await over(page, "Done");
  expect(generation()).toBe(before + 1);
  await context.close();
});

test("what changed since the plan was shown is not overwritten", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  await page.goto(plan(api, "restart"));
  kubectl("main", "-n", namespace, "patch", "deployment/fleet-api", "-p", '{"spec":{"minReadySeconds":1}}');
  try {
    const generation = value("deployment/fleet-api", ".metadata.generation");
    await page.getByRole("button", { name: "Restart" }).click();
    await expect(page.locator("main").getByRole("alert")).toBeVisible();
    await expect(page.locator("main").getByRole("alert")).toContainText(/changed/);
    expect(value("deployment/fleet-api", ".metadata.generation")).toBe(generation);
  } finally {
    kubectl("main", "-n", namespace, "patch", "deployment/fleet-api", "-p", '{"spec":{"minReadySeconds":0}}');
  }
  await context.close();
});

test("the command is copied by a button on the plan and on the operation, and what cannot be copied is said", async ({ browser }) => {
  const [context, page] = await as(browser, "operator", { permissions: ["clipboard-read", "clipboard-write"] });
  const command = "kubectl --context main -n fleet-management-dev rollout restart deployment/fleet-app --field-manager=quarterdeck";
  const copy = page.getByRole("button", { name: "Copy" });
  const copies = async () => {
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await copy.click();
    await expect(page.getByText("Copied", { exact: true })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
  };
  await page.goto(plan(app, "restart"));
  await live(page);
  await copies();
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("not allowed", "NotAllowedError"));
  });
  await copy.click();
  await expect(page.getByText("Could not be copied: select it")).toBeVisible();
  await page.getByRole("button", { name: "Restart" }).click();
  await over(page, "Done");
  await live(page);
  await copies();
  const address = page.url();
  await context.close();

  const [still, unscripted] = await as(browser, "operator", { javaScriptEnabled: false });
  for (const place of [plan(app, "restart"), address]) {
    await unscripted.goto(place);
    await expect(unscripted.getByText(command)).toBeVisible();
    await expect(unscripted.getByRole("button", { name: "Copy" })).toBeHidden();
  }
  await still.close();
});
