// Teeth, gums and tongue in the photograph's own colours, and its own teeth where it shows them.
in vec2 at;
in vec3 facing;
in vec3 inner;
in vec4 masks;
uniform sampler2D photograph;
uniform sampler2D photographed_teeth;
uniform int tongue;
out vec4 colour;

void main() {
    vec3 n = normalize(facing);
    float front = clamp(n.z, 0.0, 1.0), deep = mouth.z - inner.z;
    float open_ = mix(0.78, 1.0, clamp(state.y / 0.05, 0.0, 1.0));
    float corner = mix(1.0, 0.68, smoothstep(0.11, 0.24, abs(inner.x - mouth.x)));
    if (tongue == 1) {
        vec3 c = flesh() * vec3(0.84, 0.70, 0.72) * (0.72 + 0.28 * front);
        c *= (1.0 - 0.85 * smoothstep(0.12, 0.62, deep)) * open_ * corner;
        colour = vec4(mix(c, texture(photograph, at).rgb, close.x), 1.0);
        return;
    }
    float s = masks.x * 2.0 - 1.0, height = masks.w;
    bool upper = masks.y > 0.5;
    float tooth_ = abs(fract(s * 5.5 + (upper ? 0.0 : 0.5)) - 0.5);   // 0 in the middle of a tooth, 0.5 between two
    float shown_ = tooth.w * smoothstep(0.4, 0.9, texture(photographed_teeth, at).r);
    if (shown_ < 0.1 && height < 0.045 * smoothstep(0.30, 0.5, tooth_)) discard;   // edges are round
    float split = 1.0 - smoothstep(0.43, 0.5, tooth_) * smoothstep(0.55, 0.2, height);
    float gum = smoothstep(0.52, 0.64, height + 0.05 * (1.0 - cos(tooth_ * 6.28)));
    vec3 enamel = tooth.rgb * (0.78 + 0.22 * split) * (0.95 + 0.05 * smoothstep(0.0, 0.25, height));
    enamel *= vec3(1.0) - vec3(0.0, 0.02, 0.07) * smoothstep(0.2, 0.55, height);   // yellower towards the root
    vec3 c = mix(enamel, flesh() * vec3(0.98, 0.88, 0.88), gum) * (0.82 + 0.18 * front);
    c *= (1.0 - 0.88 * smoothstep(0.05, 0.36, deep)) * open_ * corner * (upper ? 1.0 : 0.9);
    c = mix(c, texture(photograph, at).rgb * mix(0.75, 1.0, open_), shown_);
    colour = vec4(mix(c, texture(photograph, at).rgb, close.x), 1.0);
}
