// Skin, teeth, tongue and lashes: blends the active action shapes, then moves the vertex with skull and shoulders.
in vec3 point;
in vec3 normal;
in vec3 rest;      // the same vertex of the average head: where to paint
in vec4 columns;   // lips, inside of the mouth, ears, lash tip or tooth height
in float sort;     // kind
in vec4 openness;  // share of the sky seen, slope of visibility over direction
layout(std430, binding = 0) readonly buffer Shapes { float shape[]; };
layout(std430, binding = 1) readonly buffer Turns { float turn[]; };
uniform int vertices;
#ifdef PHOTO
in vec2 uv;
out vec2 spot;
#endif
out vec3 at;
out vec3 facing;
out vec3 painted;
out vec4 masks;
out vec3 shade;
flat out int kind;

void main() {
    vec3 p = point, n = normal;
    int count = int(state.x);
    for (int k = 0; k < count; k++) {
        int place = (active_[k >> 2][k & 3] * vertices + gl_VertexID) * 3;
        float amount = amount_[k >> 2][k & 3];
        p += amount * vec3(shape[place], shape[place + 1], shape[place + 2]);
        n += amount * vec3(turn[place], turn[place + 1], turn[place + 2]);
    }
    kind = int(sort + 0.5);
    float skull = kind == 0 ? follows_head(rest) : 1.0;
    if (kind == 0) p += normalize(n) * 0.035 * smoothstep(neckline.x + 0.1, neckline.x - 0.25, rest.y) * step(0.5, cloth.w);
    mat3 spin = mat3(head) * skull + mat3(torso) * (1.0 - skull);
    at = mix((torso * vec4(p, 1)).xyz, (head * vec4(p, 1)).xyz, skull);
    facing = spin * n;
    vec3 slope = spin * openness.yzw, flat_ = normalize(facing);
    shade = vec3(openness.x, openness.x + dot(slope, key_way.xyz - 0.667 * flat_),
                 openness.x + dot(slope, fill_way.xyz - 0.667 * flat_));
    shade = clamp(shade, 0.0, 1.0);
    painted = rest;
    masks = columns;
#ifdef PHOTO
    spot = uv;
#endif
#ifdef SHADOW
    gl_Position = vec4((shadowed * vec4(at, 1)).xyz * 2.0 - 1.0, 1);
    return;
#endif
    gl_Position = camera * vec4(at, 1);
    // Lips that touch must win over what lies behind them: teeth and tongue are pushed back in depth only;
    // so are the insides of nostrils, which pinched noses would turn out.
    bool nostril = kind == 0 && openness.x < 0.3 && rest.y > 6.77 && rest.y < 7.1 && rest.z > 1.38;
    if (kind == 2 || kind == 3 || nostril) gl_Position.z += 0.0011 * gl_Position.w;
}
