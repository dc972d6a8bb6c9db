// What a person sees and does: bars move, a failure opens, its trace stays open, hostile texts stay texts.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {test} from "node:test";
import {chromium} from "playwright-core";

async function startExample() {
  const child = spawn(process.env.EXAMPLE, {stdio: ["pipe", "pipe", "inherit"]});
  const [line] = await once(child.stdout, "data");
  return {child, url: line.toString().trim()};
}

test("the dashboard in a browser", {timeout: 120_000}, async t => {
  const {child, url} = await startExample();
  const browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"]});
  t.after(async () => { await browser.close(); child.kill("SIGKILL"); });
  const page = await browser.newPage({viewport: {width: 1180, height: 900}});
  const problems = [];
  page.on("console", message => { if (message.type() === "error") problems.push(message.text()); });
  page.on("pageerror", error => problems.push(String(error)));
  await page.goto(url);

  await t.test("bars move", async () => {
    const bar = page.getByRole("progressbar", {name: "thumbnails"});
    await bar.waitFor();
    const first = Number(await bar.getAttribute("aria-valuenow"));
    await page.waitForFunction(before => Number(document.querySelector("[aria-label=thumbnails]").getAttribute("aria-valuenow")) > before, first);
    assert.equal(await page.getByRole("progressbar", {name: "messages"}).getAttribute("aria-valuenow"), null);
    assert.match(await page.locator(".bar", {hasText: "upload"}).innerText(), /2 failed/);
  });

  await t.test("workers are listed", async () => {
    assert.equal(await page.locator("tbody tr").count(), 4);
    assert.match(await page.locator("tbody tr").nth(2).innerText(), /4713/);
    assert.match(await page.locator(".slow").innerText(), /2\.31 s\s+task 412 on worker 1/);
  });

  await t.test("a failure opens by mouse and by key, and stays open while the page polls", async () => {
    const failure = page.getByRole("button", {name: /is no image/});
    await failure.click();
    const trace = page.locator("#trace-1");
    await page.waitForFunction(() => document.getElementById("trace-1").textContent.includes("resize.cpp:41"));
    assert.match(await trace.innerText(), /resize\("<script>document\.title='owned'<\/script>\.png"\)/);
    await page.waitForTimeout(1200);
    assert.equal(await trace.isVisible(), true);
    if (process.env.SCREENSHOT) await page.screenshot({path: process.env.SCREENSHOT + "-light.png", fullPage: true});
    await failure.press("Enter");
    assert.equal(await trace.isVisible(), false);
    assert.equal(await page.getByRole("button").first().innerText().then(text => text.includes("SIGSEGV")), true);
  });

  await t.test("what tasks say stays text", async () => {
    assert.equal(await page.title(), "photos");
    assert.equal(await page.locator("main img, main b b, main script").count(), 0);
    assert.equal(await page.locator(".slow code").nth(1).innerText(), '"<b>not bold</b>.png"');
    assert.deepEqual(problems, []);
  });

  await t.test("dark and narrow are readable: nothing is wider than the window", async () => {
    await page.emulateMedia({colorScheme: "dark"});
    if (process.env.SCREENSHOT) await page.screenshot({path: process.env.SCREENSHOT + "-dark.png", fullPage: true});
    await page.setViewportSize({width: 400, height: 800});
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= 400), true);
    if (process.env.SCREENSHOT) await page.screenshot({path: process.env.SCREENSHOT + "-narrow.png", fullPage: true});
  });

  await t.test("without its token there is nothing to see", async () => {
    const other = await browser.newPage();
    assert.equal((await other.goto(url.split("?")[0])).status(), 401);
    await other.close();
  });

  await t.test("when the program ends the page says so", async () => {
    child.stdin.end();
    await once(child, "exit");
    await page.getByText("no answer").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 4);
  });
});
