// The way to the server over WebRTC. Knows nothing of the page but the element it plays in.

import { Failure } from "./session.js";

const NO_UDP = "UDP does not pass between here and the server.";
const PATIENCE = 6000; // milliseconds for a connection to stand
const GATHERING = 1000;
const STEADY = { audio: 40, video: 90 }; // milliseconds to wait before playing: in step from the first moment on
const HUSH = 400; // milliseconds for which sound still under way after a cut is not heard

export class RtcLink {
  name = "webrtc";

  constructor(video, { told, lost, seen, held }) {
    Object.assign(this, { video, told, lost, held });
    this.video.onplaying = seen;
    this.open = false;
  }

  // Throws a Failure when UDP cannot pass, or the server does not want us.
  async connect(session, microphone) {
    if (!window.RTCPeerConnection) throw new Failure("connection", "This browser has no WebRTC.");
    const peer = (this.peer = new RTCPeerConnection({ iceServers: session.ice_servers, bundlePolicy: "max-bundle" }));
    this.channel = peer.createDataChannel("messages");
    this.channel.onmessage = (event) => this.#message(JSON.parse(event.data));
    peer.addTransceiver(microphone?.getAudioTracks()[0] ?? "audio", {
      direction: "sendrecv",
      streams: microphone ? [microphone] : [],
    });
    peer.addTransceiver("video", { direction: "recvonly" });
    this.stream = new MediaStream();
    peer.ontrack = (event) => {
      if ("jitterBufferTarget" in event.receiver) event.receiver.jitterBufferTarget = STEADY[event.track.kind];
      this.stream = event.streams[0] ?? this.stream;
      if (!event.streams[0]) this.stream.addTrack(event.track);
      this.video.srcObject = this.stream;
      this.video.play().catch((error) => error.name === "NotAllowedError" && this.held());
    };
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const answer = await session.request("POST", "/offer", { sdp: peer.localDescription.sdp, type: "offer" });
    await peer.setRemoteDescription(answer);
    await standing(peer, this.channel);
    this.open = true;
    peer.onconnectionstatechange = () => {
      if (["failed", "closed", "disconnected"].includes(peer.connectionState)) this.#gone();
    };
    this.channel.onclose = () => this.#gone();
  }

  async setMicrophone(microphone) {
    await this.peer.getTransceivers()[0].sender.replaceTrack(microphone?.getAudioTracks()[0] ?? null);
  }

  // Whether it could be sent.
  send(message) {
    const can = this.open && this.channel.readyState === "open";
    if (can) this.channel.send(JSON.stringify(message));
    return can;
  }

  // After a touch, or back from the background: a browser that held picture and sound back lets them go on.
  wake() {
    if (this.video.paused) this.video.play().catch(() => {});
  }

  // Loudness of what is heard, 0 to 1.
  level() {
    if (this.video.muted) return 0;
    const receiver = this.peer?.getReceivers().find((each) => each.track.kind === "audio");
    return receiver?.getSynchronizationSources?.()[0]?.audioLevel ?? 0;
  }

  close() {
    this.open = false;
    this.channel && (this.channel.onclose = null);
    this.peer && (this.peer.onconnectionstatechange = null);
    this.peer?.close();
    if (this.video.srcObject === this.stream) this.video.srcObject = null; // another way may play in it
  }

  #message(message) {
    if (message.type === "signalling") return; // pipecat's own, of which we need none
    if (message.type === "cut") {
      this.video.muted = true;
      clearTimeout(this.hushed);
      this.hushed = setTimeout(() => {
        this.video.muted = false;
        this.wake(); // Safari pauses what is unmuted without a touch
      }, HUSH);
    }
    this.told(message);
  }

  #gone() {
    if (this.open) this.lost();
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, GATHERING);
    peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && resolve();
  });
}

function standing(peer, channel) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (channel.readyState === "open") resolve();
      else if (peer.connectionState === "failed") reject(new Failure("connection", NO_UDP));
    };
    channel.onopen = look;
    peer.onconnectionstatechange = look;
    setTimeout(() => reject(new Failure("connection", NO_UDP)), PATIENCE);
    look();
  });
}
