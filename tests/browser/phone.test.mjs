// A phone: fingers draw, two fingers move the view, and the page is one tap away.
import assert from 'node:assert/strict';
import { scenario } from './lib/stage.mjs';

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

async function touches(window) {
  const session = await window.page.context().newCDPSession(window.page);
  const { x, y } = await window.board.boundingBox();
  return (type, ...points) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: points.map(([left, top], id) => ({ x: x + left, y: y + top, id })),
    });
}

scenario('a finger draws, a tap opens the page, two fingers zoom', async (stage) => {
  const desk = await stage.window();
  const hand = await stage.window(phone);
  const touch = await touches(hand);
  await touch('touchStart', [100, 150]);
  for (let i = 1; i <= 10; ++i) await touch('touchMove', [100 + 15 * i, 150 + 6 * i]);
  await touch('touchEnd');
  await desk.untilCount(desk.shapes('pen'), 1);

  const zoom = () =>
    hand.page.locator('.board').evaluate((board) => Number(board.style.getPropertyValue('--zoom')));
  assert.equal(await zoom(), 1);
  await touch('touchStart', [150, 300], [250, 300]);
  for (let i = 1; i <= 10; ++i) await touch('touchMove', [150 - 5 * i, 300], [250 + 5 * i, 300]);
  await touch('touchEnd');
  assert.ok(Math.abs((await zoom()) - 2) < 0.1, `zoomed to ${await zoom()}`);
  assert.equal(await hand.shapes().count(), 1, 'pinching left no mark');

  await hand.page.locator('[data-layout=page]').tap();
  await hand.text.tap();
  await hand.page.keyboard.type('from the phone');
  await desk.untilTextHas('from the phone');
});
