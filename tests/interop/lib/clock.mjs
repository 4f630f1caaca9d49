// A clock that tests set. Import it before Yjs, which takes Date.now when it is loaded.
export const clock = { now: 0 };
Date.now = () => clock.now;
