// A real server with the built page, and browsers on it.
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startServer } from '../../lib/server.mjs';
import { patience_ms, Window } from './window.mjs';

const pages = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'packages', 'examples', 'dist');
const scenario_ms = 240000;

// Each scenario gets a stage: a server of its own, a browser of its own, a room of its own. If it fails, every
// window's picture is kept and its place printed.
export function scenario(name, play) {
  test(name, { timeout: scenario_ms }, async () => {
    const stage = await Stage.build();
    try {
      await play(stage);
      stage.assertQuiet();
    } catch (error) {
      await stage.photograph(name);
      throw error;
    } finally {
      await stage.strike();
    }
  });
}

class Stage {
  windows = [];
  complaints = []; // uncaught errors of the page's own code

  static async build() {
    if (!existsSync(join(pages, 'index.html')))
      throw new Error(`the page is not built: run \`npm run build\` first (${pages})`);
    const stage = new Stage();
    await stage.startServer();
    stage.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-dev-shm-usage',
      ],
    });
    return stage;
  }

  // Again after a kill: the same port and the same data.
  async startServer() {
    const again = this.server ? { port: this.server.port, data: this.server.data } : {};
    this.server = await startServer({ ...again, args: ['--www', pages] });
  }

  async killServer() {
    await this.server.kill();
  }

  url(room = 'concert') {
    return `${this.server.url}/#${encodeURIComponent(room)}`;
  }

  async window({ room, ...options } = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(patience_ms);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? String(error)));
    const window = new Window(page);
    this.windows.push(window);
    return window.open(this.url(room));
  }

  assertQuiet() {
    if (this.complaints.length > 0) throw new Error(`the page threw:\n${this.complaints.join('\n')}`);
  }

  async photograph(name) {
    const folder = mkdtempSync(join(tmpdir(), 'symphony-browser-'));
    for (const [index, { page }] of this.windows.entries()) {
      const path = join(folder, `${name.replace(/\W+/g, '-').slice(0, 60)}-${index + 1}.png`);
      await page.screenshot({ path }).then(
        () => console.error(`window ${index + 1}: ${path}`),
        () => {},
      );
    }
    if (this.complaints.length > 0) console.error(`the page threw:\n${this.complaints.join('\n')}`);
    console.error(`the server's log:\n${this.server.log}`);
  }

  async strike() {
    await this.browser?.close();
    if (this.server.alive()) await this.server.stop();
  }
}
