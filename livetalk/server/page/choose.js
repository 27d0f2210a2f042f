// Who one talks with: a bundled face, or a photo made small and upright here. Knows no session.

import { known } from "./session.js";
import { at, faces, make, notice, photo, settled } from "./view.js";

const LONG_SIDE = 1600; // pixels of an uploaded photo
const LARGEST = 8e6; // bytes that the server takes

let picture = null; // the photo, base64
let shown = null; // its address on the page

// What is asked of the server, and the picture to show until the first frame comes.
export function chosen() {
  const tile = document.querySelector("input[name=face]:checked");
  const wish = tile.value === "photo" ? { portrait: picture } : { avatar: tile.value };
  return { wish, still: tile.parentElement.querySelector("img").src };
}

export function offer(avatars) {
  faces(avatars);
  at("go").disabled = false;
}

at("photo").onchange = ({ target }) => {
  if (target.files[0]) take(target.files[0]);
  target.value = ""; // the same file may be chosen again
};

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    const [file] = event.dataTransfer.files;
    if (name === "drop" && document.body.dataset.view === "choose" && file) take(file);
  });
}

async function take(file) {
  try {
    const image = await createImageBitmap(file).catch(() => null);
    const blob = image ? await small(image) : await translated(file);
    picture = await base64(blob);
    if (shown) URL.revokeObjectURL(shown);
    photo((shown = URL.createObjectURL(blob)));
    settled("portrait");
  } catch (error) {
    notice("portrait", error.step ? error.message : "This file cannot be read as a picture. Export it anew as PNG or JPEG.");
  }
}

function small(image) {
  const scale = Math.min(1, LONG_SIDE / Math.max(image.width, image.height));
  const canvas = make("canvas", { width: image.width * scale, height: image.height * scale });
  const context = canvas.getContext("2d");
  context.fillStyle = "#808080";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

// HEIC and TIFF, which few browsers know: the server makes a JPEG of them.
async function translated(file) {
  if (file.size > LARGEST)
    throw Object.assign(new Error("This picture is too large. Export it anew as JPEG."), { step: "portrait" });
  const jpeg = Uint8Array.from(atob(await known(await base64(file))), (letter) => letter.charCodeAt(0));
  return new Blob([jpeg], { type: "image/jpeg" });
}

function base64(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  });
}
