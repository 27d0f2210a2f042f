// What the page shows: two views, notices, captions, states, the waterfall. Knows no session and no media.

export const at = (id) => document.getElementById(id);

const STATES = {
  connecting: "Connecting",
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
  interrupted: "Interrupted",
  reconnecting: "Reconnecting",
};
const STEPS = [
  ["decided", "Turn decided"],
  ["understood", "Understood"],
  ["first_text", "First words"],
  ["first_audio", "First sound"],
  ["first_frame", "First frame"],
];
const REMEMBERED = 20; // turns kept for screen readers
const MOODS = { calm: "calm and friendly", happy: "happy, smiling", sad: "sad and quiet", angry: "angry", surprised: "surprised, lively" };

export function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

export function view(name) {
  document.body.dataset.view = name;
}

export function state(name) {
  at("frame").dataset.state = document.body.dataset.state = name;
  at("stateText").textContent = STATES[name] ?? name;
}

// What the button that begins is waiting for.
export function progress(words) {
  at("go").querySelector("span").textContent = at("progress").textContent = words;
}

// The last picture of a video or canvas stays while nothing comes.
export function freeze(shown) {
  const [width, height] = [shown.videoWidth ?? shown.width, shown.videoHeight ?? shown.height];
  if (!width) return;
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").drawImage(shown, 0, 0);
  at("still").src = canvas.toDataURL("image/jpeg", 0.9);
  at("still").hidden = false;
}

// A sentence over the page. One of a kind at a time; calm ones go by themselves.
export function notice(step, message, calm = false, key = step) {
  document.querySelector(`.notice[data-step="${CSS.escape(key)}"]`)?.remove();
  const close = make("button", { type: "button", textContent: "×" });
  close.setAttribute("aria-label", "Close this notice");
  const head = make("strong", { textContent: step.charAt(0).toUpperCase() + step.slice(1) });
  const box = make("div", { className: calm ? "notice calm" : "notice" }, make("div", {}, head, make("br"), message), close);
  box.dataset.step = key;
  close.onclick = () => box.remove();
  at("notices").append(box);
  if (calm) setTimeout(() => box.remove(), 7000);
}

export function settled(step) {
  document.querySelector(`.notice[data-step="${CSS.escape(step)}"]`)?.remove();
}

// Words of a turn as they come; those who do not see them are told whole turns.
export function caption({ role, text, final, turn }) {
  const [user, face] = [at("captionUser"), at("captionFace")];
  if (role === "user" && user.dataset.turn !== String(turn)) {
    face.textContent = "";
    user.dataset.turn = turn;
  }
  if (role === "assistant" && turn < Number(user.dataset.turn ?? 0)) return; // of an answer that was cut off
  const line = role === "user" ? user : face;
  line.textContent = text;
  line.classList.toggle("pending", !final && role === "user");
  if (!final || !text) return;
  at("said").append(make("p", { textContent: `${role === "user" ? "You" : "Face"}: ${text}` }));
  while (at("said").children.length > REMEMBERED) at("said").firstChild.remove();
}

// As it was before anybody spoke.
export function clear() {
  for (const id of ["captionUser", "captionFace", "said", "waterfall", "notices"]) at(id).replaceChildren();
  delete at("captionUser").dataset.turn;
}

export function waterfall(turn) {
  const known = STEPS.filter(([key]) => turn[key] !== null && turn[key] !== undefined);
  const last = Math.max(0.001, ...known.map(([key]) => turn[key]));
  let before = 0;
  const rows = known
    .sort(([one], [other]) => turn[one] - turn[other])
    .map(([key, words]) => {
      const bar = make("span", { className: "bar" });
      const from = Math.min(97, (100 * Math.max(0, before)) / last);
      bar.style.left = `${from}%`;
      bar.style.width = `${Math.max(3, (100 * turn[key]) / last - from)}%`;
      before = Math.max(0, turn[key]);
      return make(
        "li",
        {},
        make("span", { textContent: words }),
        make("span", { className: "track" }, bar),
        make("span", { className: "time", textContent: `${turn[key].toFixed(2)} s` }),
      );
    });
  at("waterfall").replaceChildren(...rows);
  at("waterfallHint").textContent = "After the end of your speech.";
}

export function faces(names) {
  const taken = document.querySelector("input[name=face]:checked"); // a photo, dropped before these came
  at("faces").append(...names.map((name, i) => tile(name, `v1/avatars/${name}.jpg`, name.charAt(0).toUpperCase() + name.slice(1), i === 0 && !taken)));
}

// The tile of an uploaded photo, chosen.
export function photo(url) {
  at("ownPhoto")?.closest(".tile").remove();
  const own = tile("photo", url, "Your photo", true);
  own.querySelector("input").id = "ownPhoto";
  at("faces").prepend(own);
}

function tile(value, source, words, checked) {
  const input = make("input", { type: "radio", name: "face", value, checked });
  return make("label", { className: "tile" }, input, make("img", { src: source, alt: "", width: 256, height: 256 }), make("span", { textContent: words }));
}

export function moods(picked) {
  at("moods").append(
    ...Object.entries(MOODS).map(([words, prompt]) =>
      make("button", { type: "button", textContent: words, onclick: () => picked(`a person talks, ${prompt}`) }),
    ),
  );
}
