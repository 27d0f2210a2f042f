// Lays brows on the painted map, where the average head wears them.
in vec3 point;
in vec2 uv;
out vec2 spot;
void main() {
    spot = uv;
    gl_Position = vec4(on_map(point) * 2.0 - 1.0, 0.0, 1);
}
