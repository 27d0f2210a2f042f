// Laid over the page by `livetalk bench talk`: listens at the microphone and at what is played, looks at the picture,
// and keeps when it heard or saw what. Times are milliseconds since 1970, by this machine's clock.

(() => {
  const tap = (window.tap = { heard: [], said: [], seen: [] });
  const wall = (moment) => performance.timeOrigin + moment;
  const PIECE = 120; // samples of which the peak is kept

  // Sound is taken where it is handed to the output, before any audio graph could delay it.
  const attach = async (track, keep) => {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: sound, done } = await reader.read();
      if (done) return;
      const now = performance.now();
      const samples = new Float32Array(sound.numberOfFrames);
      sound.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      for (let start = 0; start < samples.length; start += PIECE) {
        let peak = 0;
        for (let i = start; i < start + PIECE && i < samples.length; i++) peak = Math.max(peak, samples[i], -samples[i]);
        keep(wall(now + (1000 * start) / sound.sampleRate), peak);
      }
      sound.close();
    }
  };

  tap.listen = () => {
    const { link } = livetalk;
    const video = document.getElementById("video");
    let played = video.srcObject?.getAudioTracks()[0];
    if (link.name === "websocket") {
      const out = link.speaker.createMediaStreamDestination();
      link.player.connect(out);
      played = out.stream.getAudioTracks()[0];
    }
    attach(played, (at, peak) => tap.heard.push([at, video.muted ? 0 : peak]));
    if (livetalk.microphone) attach(livetalk.microphone.getAudioTracks()[0], (at, peak) => tap.said.push([at, peak]));
  };

  tap.look = () => {
    const socket = livetalk.link.name === "websocket";
    const shown = document.getElementById(socket ? "canvas" : "video");
    const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const again = () => (socket ? requestAnimationFrame(frame) : shown.requestVideoFrameCallback(frame));
    const frame = (now, video) => {
      context.drawImage(shown, 0, 0, 8, 8);
      const pixels = context.getImageData(0, 0, 8, 8).data;
      const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      tap.seen.push([wall(video?.expectedDisplayTime ?? now), mean]);
      again();
    };
    again();
  };

  tap.take = () => {
    const { heard, said, seen } = tap;
    Object.assign(tap, { heard: [], said: [], seen: [] });
    return { heard, said, seen };
  };
})();
