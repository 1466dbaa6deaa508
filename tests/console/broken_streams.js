// Breaks each stream of events after its first pieces, and then refuses new ones, until `mendStreams` is called.
(() => {
  const PIECES = 4;
  const real = window.fetch;
  const isStream = (given) => String(given[0]).includes("/events");
  let isBroken = false;

  function cut(answer) {
    let left = PIECES;
    const cutter = new TransformStream({
      transform(piece, out) {
        left -= 1;
        if (left >= 0) {
          out.enqueue(piece);
        } else {
          isBroken = true;
          out.error(new TypeError("The connection broke."));
        }
      },
    });
    return new Response(answer.body.pipeThrough(cutter), { status: answer.status, headers: answer.headers });
  }

  window.fetch = async (...given) => {
    if (!isStream(given)) return real(...given);
    if (isBroken) throw new TypeError("There is no connection.");
    return cut(await real(...given));
  };
  window.mendStreams = () => {
    window.fetch = real;
    window.dispatchEvent(new Event("online"));
  };
})();
