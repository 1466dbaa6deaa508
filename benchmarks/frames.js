// Measures in the page itself: the times between frames, and from a key until what it wrote is drawn.
window.frames = (() => {
  let isOn = false;
  let last = 0;
  let taken = [];
  const tick = (now) => {
    if (!isOn) return;
    if (last) taken.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  addEventListener(
    "keydown",
    ({ timeStamp }) => requestAnimationFrame(() => setTimeout(() => isOn || taken.push(performance.now() - timeStamp))),
    true,
  );
  return {
    begin: () => {
      isOn = true;
      last = 0;
      taken = [];
      requestAnimationFrame(tick);
    },
    end: () => {
      isOn = false;
      return taken;
    },
    keys: () => {
      taken = [];
    },
    drawn: () => taken,
  };
})();
