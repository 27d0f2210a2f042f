// Shared by every shader of the heads: the two uniform blocks, lighting, noise. Lengths are decimetres, colours linear.
layout(std140, binding = 0) uniform Frame {
    mat4 head;          // rest space to world, for what moves with the skull
    mat4 torso;         // the same for shoulders and clothes
    vec4 gaze;          // yaw, pitch of the left eye, then of the right, radians
    vec4 lids;          // upper and lower lid above the eye's centre, in radii: left, then right
    vec4 state;         // number of active shapes, inner-lip gap (decimetres), place of the frame in its clip
    ivec4 active_[13];
    vec4 amount_[13];
};
layout(std140, binding = 1) uniform Look {
    mat4 camera;        // world to clip
    vec4 eye_left;      // centre, radius
    vec4 eye_right;
    vec4 viewer;        // position of the camera; w: random number of the look
    vec4 key_way;       // towards the light; w: wrap
    vec4 key_light;
    vec4 fill_way;
    vec4 fill_light;
    vec4 rim_way;
    vec4 rim_light;
    vec4 sky;
    vec4 ground;
    vec4 skin;          // w: shine
    vec4 lips;          // w: shine of the lips
    vec4 blush;         // colour; w: amount
    vec4 marks;         // mottling, freckles, age, dark rings
    vec4 hair;          // colour; w: scalp tint 0..1
    vec4 hair_tip;      // colour; w: shift of the hairline
    vec4 brow;          // colour; w: thickness
    vec4 brow_form;     // height, arch, length, density
    vec4 beard;         // colour; w: density of stubble
    vec4 beard_form;    // moustache, cheeks, chin, length
    vec4 iris;          // colour; w: radius
    vec4 iris_inner;    // colour; w: pupil radius
    vec4 cloth;         // colour; w: kind of neckline
    vec4 cloth_inner;   // colour of the shirt below a jacket; w: roughness of the weave
    vec4 neckline;      // height at the front, width, depth of the V, stripes
    vec4 exposure;      // gain, contrast, lash darkness, unused
};

float hash(vec3 p) {
    p = fract(p * vec3(0.1031, 0.1030, 0.0973));
    p += dot(p, p.yxz + 33.33);
    return fract((p.x + p.y) * p.z);
}
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1, 0, 0)), f.x), mix(hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), f.x),
                   mix(hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)), f.x), f.y), f.z);
}
// How much of a rest-space point follows the skull rather than the shoulders.
float follows_head(vec3 rest) { return smoothstep(5.65, 6.5, rest.y + 0.35 * (rest.z - 0.4)); }

// Where a rest-space point lies on the painted map; as `place_on_map` of the renderer.
vec2 on_map(vec3 rest) { return vec2(atan(rest.x, rest.z - 0.25) * 0.15915494 + 0.5, (rest.y - 4.1) / 4.5); }

vec3 ambient(vec3 n) { return mix(ground.rgb, sky.rgb, 0.5 + 0.5 * n.y); }
// Diffuse light that wraps round the terminator by `wrap` per channel (light scattered below the skin).
vec3 wrapped(float cosine, vec3 wrap) { return max(vec3(cosine) + wrap, 0.0) / (1.0 + wrap) ; }
float gloss(vec3 n, vec3 view, vec3 way, float power) {
    return pow(max(dot(n, normalize(way + view)), 0.0), power) * (power + 8.0) / 25.0;
}
vec3 shown(vec3 c) {
    c *= exposure.x;
    c = c * (1.0 + c * 0.08) / (1.0 + c * 0.42);
    return clamp(mix(vec3(0.45), sqrt(max(c, 0.0)), exposure.y), 0.0, 1.0);
}
