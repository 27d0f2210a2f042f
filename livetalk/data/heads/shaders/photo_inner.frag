// Teeth and gums, tongue, lashes, from free pictures.
in vec3 at;
in vec3 facing;
in vec3 painted;
in vec4 masks;   // teeth: gum, upper row, unused, depth in the mouth
in vec2 spot;
flat in int kind;
uniform sampler2D teeth;
uniform sampler2D lashes;
out vec4 colour;

void main() {
    vec3 n = normalize(facing), view = normalize(viewer.xyz - at);
    if (kind == 4) {
        float a = texture(lashes, spot, -0.7).a;
        if (a < 0.02) discard;
        if (painted.y < 7.279) a *= 0.45;
        colour = vec4(developed(brow.rgb * 0.10 * sent(view) + 0.002), min(1.0, a * (0.6 + 0.55 * exposure.z)));
        return;
    }
    if (!gl_FrontFacing) n = -n;
    float gap = smoothstep(0.0, 0.10, state.y), see = reached(at, n, 0.02), deep;
    vec3 c, light;
    if (kind == 2) {
        c = texture(teeth, spot).rgb;
        c *= c;
        deep = masks.w;
        vec3 enamel = mix(vec3(sqrt(luminance(c)) * 0.92), c, 0.3) * vec3(0.86, 0.79, 0.68);
        c = mix(enamel, c * vec3(0.62, 0.55, 0.55), masks.x);
        light = sent(normalize(n + vec3(0, 0, 0.6))) * mix(0.25, 0.72, gap) + key_light.rgb * (0.25 + 0.75 * see) * (0.25 + 0.55 * max(dot(n, key_way.xyz), 0.0));
        light *= mix(masks.y > 0.5 ? 1.0 : 0.75, 0.10, smoothstep(0.25, 0.85, deep));
        c = c * light + (1.0 - masks.x) * 0.25 * see * gloss(n, view, key_way.xyz, 70.0) * 0.12 * (1.0 - deep);
    } else {
        deep = smoothstep(1.40, 1.05, painted.z);
        c = mix(vec3(0.36, 0.135, 0.125), vec3(0.44, 0.2, 0.18), noise(painted * 60.0)) * (1.0 - 0.85 * deep);
        light = sent(normalize(n + vec3(0, 0, 0.5))) * mix(0.15, 0.5, gap) + key_light.rgb * see * 0.6 * max(dot(n, key_way.xyz) + 0.2, 0.0);
        c = c * light + 0.04 * gap * see * (1.0 - deep) * gloss(n, view, key_way.xyz, 24.0);
    }
    colour = vec4(developed(c), 1);
}
