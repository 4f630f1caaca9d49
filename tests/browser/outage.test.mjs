// The server dies by kill -9 under open windows and comes back: they return by themselves and nothing is missing.
import assert from 'node:assert/strict';
import { scenario } from './lib/stage.mjs';

scenario(
  'windows live through kill -9 and restart of the server, with what was done meanwhile',
  async (stage) => {
    let [a, b] = [await stage.window(), await stage.window()];
    await a.draw('pen', [
      [80, 80],
      [140, 160],
      [220, 70],
    ]);
    await a.write('Before the outage.');
    await b.draw('rectangle', [
      [300, 100],
      [420, 200],
    ]);
    await a.untilSaved();
    await b.untilSaved();
    await a.untilCount(a.shapes(), 2);

    await stage.killServer();
    await a.until('offline');
    await b.until('offline');
    await a.draw('ellipse', [
      [80, 240],
      [200, 330],
    ]);
    await b.draw('arrow', [
      [300, 260],
      [420, 320],
    ]);
    await b.write(' During the outage.');
    await a.untilUnsaved();
    await b.untilUnsaved();
    assert.equal(
      await a.page.locator('[data-state=saved], [data-state=saving]').count(),
      0,
      'offline, nothing is called saved',
    );
    assert.equal(await a.shapes('arrow').count(), 0, 'nothing passes between windows but through the server');

    await stage.startServer();
    for (const window of [a, b]) {
      await window.until('live');
      await window.untilSaved();
      await window.untilCount(window.shapes(), 4);
      await window.untilTextHas('During the outage.');
    }
    await b.untilShows(await a.picture());
    await a.point([250, 250]);
    await b.page.getByTestId('cursor').waitFor(); // presence is back too

    // Both windows closed, the server killed once more, everything opened again.
    const picture = await a.picture();
    await a.close();
    await b.close();
    await stage.killServer();
    await stage.startServer();
    [a, b] = [await stage.window(), await stage.window()];
    for (const window of [a, b]) await window.untilShows(picture);
  },
);

scenario('after both windows were closed and opened again everything is there', async (stage) => {
  const [a, b] = [await stage.window(), await stage.window()];
  await a.stick([200, 160], 'do not forget');
  await b.untilCount(b.shapes('note'), 1);
  await b.draw('line', [
    [400, 100],
    [520, 180],
  ]);
  await b.write('A line that stays.');
  await a.untilTextHas('A line that stays.');
  await a.untilSaved();
  await b.untilSaved();
  const picture = await a.picture();
  await a.close();
  await b.close();
  const c = await stage.window(); // the room may still be in memory
  await c.untilShows(picture);
  await c.close();
  await stage.server.stop();
  await stage.startServer();
  const d = await stage.window(); // now it is not
  await d.untilShows(picture);
});

scenario('what the page calls saved is there after kill -9', async (stage) => {
  let window = await stage.window();
  for (let round = 1; round <= 5; ++round) {
    await window.write(`Round ${round}. `);
    await window.draw('rectangle', [
      [80 + 60 * round, 100],
      [120 + 60 * round, 160],
    ]);
    await window.untilSaved();
    await stage.killServer();
    const picture = await window.picture();
    await window.close(); // so that nobody can bring back what the server lost
    await stage.startServer();
    window = await stage.window();
    await window.untilShows(picture);
  }
  assert.equal(await window.shapes('rectangle').count(), 5);
});
