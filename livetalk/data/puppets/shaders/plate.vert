// One triangle over the whole picture; the middle of the background's picture is shown.
out vec2 at;
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2) * 2.0 - 1.0;
    at = 0.5 + 0.5 * lens.z * vec2(lens.y * corner.x, corner.y);
    gl_Position = vec4(corner, 0.9999, 1.0);
}
