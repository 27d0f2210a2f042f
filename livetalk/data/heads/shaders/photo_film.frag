// The camera: a lens that is not quite sharp, darker corners, and the grain of the film.
in vec2 uv;
uniform sampler2D canvas;
out vec4 colour;

float grain(vec2 p) { return hash(vec3(p, film.z + 17.0 * state.z)) + hash(vec3(p, film.z + 17.0 * state.z + 5.0)) - 1.0; }
void main() {
    float step_ = 1.0 / film.w, fine = 0.5 / (film.y * film.y), total = 0.0;
    vec3 c = vec3(0.0);
    for (int y = -2; y <= 2; y++) for (int x = -2; x <= 2; x++) {
        float share = exp(-fine * float(x * x + y * y));
        c += share * texture(canvas, uv + (vec2(x, y)) * step_).rgb;
        total += share;
    }
    c /= total;
    c *= 1.0 - 0.16 * dot(uv - 0.5, uv - 0.5);
    vec2 p = gl_FragCoord.xy;
    float speck = 0.5 * grain(p) + 0.25 * (grain(p + vec2(1, 0)) + grain(p + vec2(0, 1)));
    vec3 tint = vec3(grain(p + 91.0), grain(p + 53.0), grain(p + 27.0));
    colour = vec4(c + film.x * (1.4 - luminance(c)) * (1.6 * speck + 0.35 * tint), 1);
}
