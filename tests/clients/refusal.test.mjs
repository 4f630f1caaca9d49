// A client that sends what is no update: it is told why, and nobody else notices.
import assert from 'node:assert/strict';
import test from 'node:test';
import { generations, pause, setUp, until } from './people.mjs';

const badUpdate = Uint8Array.from([0, 2, 5, 1, 1, 1, 0, 31]);  // content that does not exist

for (const generation of generations) {
  test(`${generation.name}: a bad update closes its sender and nothing else`, async (t) => {
    const { join } = await setUp(t);
    const [ada, eve] = [join('refusal', generation), join('refusal', generation, { maxBackoffTime: 60000 })];
    await Promise.all([ada.arrive(), eve.arrive()]);
    ada.insert(0, 'untouched');
    await until(() => eve.read() === 'untouched', 'the text at Eve');
    eve.provider.ws.send(badUpdate);
    await until(() => eve.closes.length > 0, 'Eve is closed');
    const [{ code, reason }] = eve.closes;
    assert.ok(code >= 4400 && code < 4500, `the close code says that a retry cannot help: ${code}`);
    assert.ok(reason.length > 10, `the reason says what is wrong: "${reason}"`);
    await pause(300);
    assert.deepEqual(ada.closes, []);
    ada.insert(9, ' and going on');
    const late = join('refusal', generation);
    await late.arrive();
    await until(() => late.read() === 'untouched and going on', 'the room goes on');
    if (generation.name === 'y-websocket 3.1.0') assert.equal(eve.provider.shouldConnect, false, 'this client takes 44xx as final');
  });
}
