// Two windows on one room: what one draws and types appears in the other, and who is there is seen.
import assert from 'node:assert/strict';
import { scenario } from './lib/stage.mjs';

scenario('what one window draws appears in the other', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.draw('pen', [
    [80, 80],
    [140, 160],
    [220, 70],
    [300, 150],
  ]);
  await a.draw('rectangle', [
    [80, 220],
    [240, 330],
  ]);
  await b.draw('ellipse', [
    [330, 220],
    [480, 330],
  ]);
  await b.draw('arrow', [
    [240, 275],
    [330, 275],
  ]);
  await b.stick([560, 140], 'from the second window');
  await a.untilCount(a.shapes(), 5);
  await b.untilShows(await a.picture());
  assert.match(await a.shapes('note').textContent(), /from the second window/);

  // Moved, recoloured and deleted there is moved, recoloured and deleted here.
  const [shape] = await a.shapes('rectangle').all();
  const before = await shape.boundingBox();
  await b.tool('select');
  await b.drag([
    [80, 260],
    [180, 300],
  ]);
  await b.page.locator('.bar.style [data-color=rose]').click();
  await a.page.waitForSelector('[data-kind=rectangle].ink-rose');
  await a.untilShows(await b.picture());
  const after = await shape.boundingBox();
  assert.deepEqual([Math.round(after.x - before.x), Math.round(after.y - before.y)], [100, 40]);
  await b.press('Delete');
  await a.untilCount(a.shapes('rectangle'), 0);

  // Undo takes back one's own steps only: of what this window drew the pen stroke is left, and goes.
  await a.press('Control+z');
  await b.untilCount(b.shapes('pen'), 0);
  await b.untilCount(b.shapes(), 3);
  await b.press('Control+z');
  await a.untilCount(a.shapes('rectangle'), 1);
  await b.untilShows(await a.picture());
});

scenario('what one window types appears in the other, formats included', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.write('# Programme\nTwo pieces and a pause.\n');
  await b.untilTextHas('Two pieces and a pause.');
  await b.write('- Overture\nSymphony\n\nWe tune at ');
  await b.press('Control+b');
  await b.page.keyboard.type('seven');
  await a.untilTextHas('<strong>seven</strong>');
  await a.untilShows(await b.picture());
  const { page } = await a.picture();
  assert.match(page, /<h1>Programme<\/h1>/);
  assert.match(page, /<ul>.*Overture.*Symphony.*<\/ul>/);

  // Both type at once, one at the beginning and one at the end.
  await a.text.click();
  await a.press('Control+Home');
  await Promise.all([a.page.keyboard.type('Our '), b.write(' sharp')]);
  for (const window of [a, b]) {
    await window.untilTextHas('<h1>Our Programme</h1>');
    await window.untilTextHas('<strong>seven sharp</strong>');
  }
  await b.untilShows(await a.picture());
});

scenario('two people type into one sticky note at once', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.stick([300, 200], 'middle');
  await b.untilCount(b.shapes('note'), 1);
  for (const window of [a, b]) {
    await window.tool('select');
    await window.shapes('note').dblclick();
    await window.page.getByTestId('shape-text').waitFor();
  }
  await a.press('Home');
  await b.press('End');
  await Promise.all([a.page.keyboard.type('before '), b.page.keyboard.type(' after')]);
  for (const window of [a, b]) {
    await window.page.waitForFunction(
      () => document.querySelector('[data-testid=shape-text]').value === 'before middle after',
    );
    await window.press('Escape');
  }
  await b.untilShows(await a.picture());
});

scenario('cursors come and go, with names', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.rename('Ada');
  await b.rename('Ben');
  await a.point([200, 200]);
  await b.cursor('Ada').waitFor();
  const near = async (x, y) => {
    const board = await b.board.boundingBox();
    await b.page.waitForFunction(
      ([x, y]) => {
        const box = document.querySelector('[data-testid=cursor]').getBoundingClientRect();
        return Math.abs(box.x - x) < 3 && Math.abs(box.y - y) < 3;
      },
      [board.x + x, board.y + y],
    );
  };
  await near(200, 200);
  await a.point([420, 310]);
  await near(420, 310);

  await a.rename('Adele'); // the pointer is on the top bar now, so it has left the board
  await b.untilCount(b.page.getByTestId('cursor'), 0);
  await a.point([100, 100]);
  await b.cursor('Adele').waitFor();

  await a.write('here I am');
  await b.caret('Adele').waitFor();
  await b.page.waitForSelector('[data-testid=people][data-count="2"]');

  await a.close();
  await b.untilCount(b.page.getByTestId('cursor'), 0);
  await b.untilCount(b.caret('Adele'), 0);
  await b.page.waitForSelector('[data-testid=people][data-count="1"]');

  const c = await stage.window();
  await b.page.waitForSelector('[data-testid=people][data-count="2"]');
  await c.page.waitForSelector('[data-testid=people-list] [data-name="Ben"]', { state: 'attached' });
});

scenario('another name is another room', async (stage) => {
  const a = await stage.window({ room: 'first' });
  await a.draw('rectangle', [
    [80, 120],
    [200, 200],
  ]);
  const b = await stage.window({ room: 'second hall/☂' });
  await b.draw('ellipse', [
    [80, 120],
    [200, 200],
  ]);
  const c = await stage.window({ room: 'second hall/☂' });
  await c.untilCount(c.shapes(), 1);
  await c.untilCount(c.shapes('ellipse'), 1);
  assert.equal(await a.shapes('ellipse').count(), 0);

  await b.page.getByTestId('room-name').fill('first');
  await b.press('Enter');
  await b.untilCount(b.shapes('rectangle'), 1);
  await b.untilCount(b.shapes(), 1);
  await b.draw('line', [
    [300, 120],
    [400, 200],
  ]);
  await a.untilCount(a.shapes('line'), 1);
});

scenario('the keyboard alone draws, selects, moves and deletes', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.board.focus();
  await a.press('r');
  await a.press('Enter');
  await b.untilCount(b.shapes('rectangle'), 1);
  const left = () => Math.round(document.querySelector('[data-kind=rectangle]').getBoundingClientRect().left);
  const before = await b.page.evaluate(left);
  await a.press('Shift+ArrowRight');
  await b.page.waitForFunction(
    ([left, expected]) => new Function(`return (${left})()`)() === expected,
    [String(left), before + 10],
  );
  await a.press('Escape');
  await a.press('n');
  await a.press('Enter');
  await a.page.keyboard.type('typed');
  await a.press('Escape');
  await a.press(','); // back to the rectangle
  await a.press('Delete');
  await b.untilCount(b.shapes('rectangle'), 0);
  await b.untilCount(b.shapes('note'), 1);
  await b.untilShows(await a.picture());
});
