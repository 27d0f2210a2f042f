// Laid over the page by `livetalk bench talk`: listens at the microphone and at what is played, looks at the picture,
// and keeps when it heard or saw what. Times are milliseconds since 1970, by this machine's clock.

(() => {
  const tap = (window.tap = { heard: [], said: [], seen: [] });
  const wall = (moment) => performance.timeOrigin + moment;
  const PROCESSOR = `registerProcessor("tap", class extends AudioWorkletProcessor {
    constructor() { super(); this.peak = 0; this.count = 0; }
    process([[input]]) {
      if (input) for (const sample of input) this.peak = Math.max(this.peak, Math.abs(sample));
      this.count += 128;
      if (this.count >= 256) {
        this.port.postMessage([currentTime, this.peak]);
        this.peak = this.count = 0;
      }
      return true;
    }
  })`;

  tap.listen = async () => {
    const context = new AudioContext({ latencyHint: "interactive" });
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([PROCESSOR], { type: "text/javascript" })));
    await context.resume();
    const video = document.getElementById("video");
    const attach = (stream, keep) => {
      const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
      node.port.onmessage = ({ data: [time, peak] }) => {
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        keep(wall(performanceTime + 1000 * (time - contextTime)), peak);
      };
      context.createMediaStreamSource(stream).connect(node);
    };
    attach(video.srcObject, (at, peak) => tap.heard.push([at, video.muted ? 0 : peak]));
    if (livetalk.microphone) attach(livetalk.microphone, (at, peak) => tap.said.push([at, peak]));
  };

  tap.look = () => {
    const video = document.getElementById("video");
    const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const frame = (_, { expectedDisplayTime }) => {
      context.drawImage(video, 0, 0, 8, 8);
      const pixels = context.getImageData(0, 0, 8, 8).data;
      tap.seen.push([wall(expectedDisplayTime), pixels.reduce((sum, value) => sum + value, 0) / pixels.length]);
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  };

  tap.take = () => {
    const { heard, said, seen } = tap;
    Object.assign(tap, { heard: [], said: [], seen: [] });
    return { heard, said, seen };
  };
})();
