// One person's browser window on the example page, and what a person does and sees in it. Every window has a browser
// context of its own, as if on a machine of its own: nothing passes between two of them but through the server.
// Nothing here sleeps: each wait is for a condition, and fails after `patience_ms`.

export const patience_ms = 30000;

// What the board shows, as text that is equal in two windows that show the same. Runs in the page.
function boardPicture() {
  return [...document.querySelectorAll('[data-shape]')].map(
    (node) => `${node.dataset.shape} ${node.getAttribute('class')} ${node.innerHTML}`,
  );
}

// What the page shows, without the carets of the others. Runs in the page.
function pagePicture() {
  const copy = document.querySelector('[data-testid=page]').cloneNode(true);
  for (const node of copy.querySelectorAll(
    '[data-testid=caret], .ProseMirror-separator, .ProseMirror-trailingBreak',
  ))
    node.remove();
  for (const node of copy.querySelectorAll('.is-empty'))
    (node.removeAttribute('class'), node.removeAttribute('data-placeholder'));
  copy.normalize();
  return copy.innerHTML;
}

export class Window {
  constructor(page) {
    this.page = page;
  }

  get board() {
    return this.page.getByTestId('board');
  }
  get text() {
    return this.page.getByTestId('page');
  }
  get status() {
    return this.page.getByTestId('status');
  }
  shapes(kind) {
    return this.page.locator(kind ? `[data-kind=${kind}]` : '[data-shape]');
  }
  cursor(name) {
    return this.page.locator(`[data-testid=cursor][data-name="${name}"]`);
  }
  caret(name) {
    return this.page.locator(`[data-testid=caret][data-name="${name}"]`);
  }

  async open(url) {
    await this.page.goto(url);
    await this.until('live');
    if (await this.page.locator('#app[data-layout=both]').count()) await this.text.waitFor(); // it loads when it is first seen
    return this;
  }

  async close() {
    await this.page.context().close();
  }

  // link: connecting, live, offline or refused
  async until(link) {
    await this.page.waitForSelector(`[data-testid=status][data-link=${link}]`);
  }

  // What the status says is "Saved": the server told that everything this window changed is durable.
  async untilSaved() {
    await this.page.waitForSelector('[data-testid=status][data-state=saved]');
  }
  async untilUnsaved() {
    await this.page.waitForSelector('[data-testid=status][data-unsaved=true]');
  }

  async tool(name) {
    await this.page.locator(`button[data-tool=${name}]`).click();
  }
  async press(keys) {
    await this.page.keyboard.press(keys);
  }

  // Points are in CSS pixels from the board's upper left corner.
  async drag(points) {
    const { x, y } = await this.board.boundingBox();
    const [first, ...rest] = points;
    await this.page.mouse.move(x + first[0], y + first[1]);
    await this.page.mouse.down();
    for (const point of rest) await this.page.mouse.move(x + point[0], y + point[1], { steps: 3 });
    await this.page.mouse.up();
  }

  async point(at) {
    const { x, y } = await this.board.boundingBox();
    await this.page.mouse.move(x + at[0], y + at[1], { steps: 3 });
  }

  async draw(kind, points) {
    await this.tool(kind);
    const before = await this.shapes(kind).count();
    await this.drag(points);
    await this.untilCount(this.shapes(kind), before + 1);
  }

  async stick(at, text) {
    await this.tool('note');
    const { x, y } = await this.board.boundingBox();
    await this.page.mouse.click(x + at[0], y + at[1]);
    await this.page.getByTestId('shape-text').waitFor();
    await this.page.keyboard.type(text);
    await this.press('Escape');
  }

  async write(text) {
    await this.text.click();
    await this.press('Control+End');
    await this.page.keyboard.type(text);
  }

  async rename(name) {
    await this.page.getByTestId('people').click();
    await this.page.getByTestId('my-name').fill(name);
    await this.press('Enter');
    await this.press('Escape');
  }

  async untilCount(locator, count) {
    await locator.nth(count).waitFor({ state: 'detached' });
    if (count > 0) await locator.nth(count - 1).waitFor({ state: 'attached' });
  }

  async untilTextHas(words) {
    await this.page.waitForFunction(
      ([read, words]) => new Function(`return (${read})()`)().includes(words),
      [String(pagePicture), words],
    );
  }

  async picture() {
    return { board: await this.page.evaluate(boardPicture), page: await this.page.evaluate(pagePicture) };
  }

  // Waits until this window shows exactly what `picture` holds.
  async untilShows(picture) {
    const matches = ([readBoard, readPage, expected]) => {
      const run = (source) => new Function(`return (${source})()`)();
      return JSON.stringify({ board: run(readBoard), page: run(readPage) }) === expected;
    };
    try {
      await this.page.waitForFunction(matches, [
        String(boardPicture),
        String(pagePicture),
        JSON.stringify(picture),
      ]);
    } catch (error) {
      throw new Error(
        `the windows differ:\n--- expected\n${show(picture)}\n--- shown\n${show(await this.picture())}`,
        { cause: error },
      );
    }
  }
}

function show({ board, page }) {
  return [...board, page].map((line) => line.slice(0, 400)).join('\n');
}
