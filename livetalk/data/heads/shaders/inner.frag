// Teeth and gums, tongue, lashes.
in vec3 at;
in vec3 facing;
in vec3 painted;
in vec4 masks;
flat in int kind;
out vec4 colour;

void main() {
    gl_SampleMask[0] = 15;
    vec3 n = normalize(facing), view = normalize(viewer.xyz - at), c;
    if (!gl_FrontFacing && kind != 4) n = -n;
    float gap = clamp(state.y / 0.045, 0.0, 1.0);
    if (kind == 2) {
        float s = (masks.x * 2.0 - 1.0), height = masks.w;
        float tooth = abs(fract(s * 5.5 + (masks.y > 0.5 ? 0.0 : 0.5)) - 0.5);
        float split = smoothstep(0.5, 0.42, tooth);
        vec3 enamel = vec3(0.86, 0.79, 0.66) * (0.80 + 0.20 * split);
        float gum = smoothstep(0.50, 0.60, height + 0.10 * (1.0 - cos((tooth) * 6.28)) * 0.5);
        c = mix(enamel, vec3(0.52, 0.17, 0.17), gum);
        c *= (1.0 - 0.85 * smoothstep(0.25, 0.85, abs(s))) * mix(0.35, 1.15, gap);
        c *= masks.y > 0.5 ? mix(1.0, 0.75, smoothstep(0.2, 0.7, height)) : 0.72;
        float spec = gloss(n, view, key_way.xyz, 60.0) * 0.10 * gap;
        colour = vec4(shown(c * (ambient(n) * 0.7 + key_light.rgb * (0.45 + 0.3 * max(dot(n, key_way.xyz), 0.0))) + spec), 1);
    } else if (kind == 3) {
        float deep = smoothstep(1.40, 1.05, painted.z);
        c = vec3(0.40, 0.12, 0.12) * (1.0 - 0.88 * deep) * mix(0.3, 1.0, gap);
        colour = vec4(shown(c * (ambient(n) + key_light.rgb * (0.35 + 0.4 * max(dot(n, key_way.xyz), 0.0)))
                            + 0.10 * gap * (1.0 - deep) * gloss(n, view, key_way.xyz, 30.0)), 1);
    } else {
        bool upper = painted.y > 7.279;
        float comb = 0.5 + 0.5 * sin(painted.x * 330.0);
        float reach = upper ? 0.12 + exposure.z * (0.35 + 0.6 * comb) : 0.04 + 0.25 * exposure.z * comb;
        if (masks.w > reach) discard;
        gl_SampleMask[0] = upper ? 15 : 9;
        colour = vec4(shown(brow.rgb * 0.25 + (upper ? vec3(0.004) : 0.03 * skin.rgb)), 1);
    }
}
