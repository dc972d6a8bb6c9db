// Pools show themselves, under every start method: the bar moves, workers are real processes, a failure has its trace and its output.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {existsSync} from "node:fs";
import {after, before, test} from "node:test";
import {chromium} from "playwright-core";

let browser;
before(async () => { browser = await chromium.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"]}); });
after(async () => { await browser.close(); });

for (const method of ["fork", "forkserver", "spawn", "threading"]) {
  test("a pool under " + method, {timeout: 60_000}, async t => {
    const child = spawn(process.env.POOLS, [method], {stdio: ["pipe", "pipe", "inherit"]});
    t.after(() => child.kill("SIGKILL"));
    const [line] = await once(child.stdout, "data");
    const page = await browser.newPage();
    await page.goto(line.toString().trim());

    const bar = page.getByRole("progressbar", {name: "images"});
    await bar.waitFor();
    const first = Number(await bar.getAttribute("aria-valuenow"));
    await page.waitForFunction(before => Number(document.querySelector("[aria-label=images]").getAttribute("aria-valuenow")) > before, first);

    assert.equal(await page.getByRole("heading", {name: "darkroom"}).count(), 1);
    assert.match(await page.locator("section.card .badge").innerText(), new RegExp("^" + method + "$"));
    const rows = await page.locator("tbody tr").allInnerTexts();
    assert.equal(rows.length, 2);
    for (const row of rows) {
      const pid = row.split(/\s+/)[1];
      assert.equal(existsSync("/proc/" + pid), true);
      assert.equal(Number(pid) === child.pid, method === "threading");
    }

    await page.getByRole("button", {name: /image 5 is black/}).click();
    await page.waitForFunction(() => document.querySelector("pre:not([hidden])")?.textContent.includes("no such pixel"));
    const trace = await page.locator("pre:not([hidden])").innerText();
    if (method !== "threading") {
      assert.match(trace, /stderr:\n<b>lens<\/b> cap/);
      await page.getByRole("button", {name: /SIGABRT/}).waitFor();
    }
    await page.close();
  });
}
