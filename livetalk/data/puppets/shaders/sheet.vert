// Every vertex of a puppet: action shapes, then lids and lips to their wanted gaps, then skull and shoulders.
in vec3 point;      // head space, the photograph's expression
in vec3 normal;
in vec2 place;      // in the photograph
in vec2 share;      // of the skull's motion and the shoulders'; the rest stays
in float lips;      // above 0: follows the upper lip, below: the lower
in vec2 eyelids;    // the same for the lids of the left and the right eye
in vec4 painted;    // how much it takes a lid's colour (left, right) and a lash line's darkness (left, right)
in vec2 trust;      // how well the photograph shows it; how much of the light's change is applied
in vec4 columns;    // of the head's mesh: lips, inside of the mouth, ears, tooth height
layout(std430, binding = 0) readonly buffer Shapes { float shape[]; };
layout(std430, binding = 1) readonly buffer Turns { float turn[]; };
uniform int vertices;
uniform int faces;
uniform float layer;
uniform float pushed;
out vec2 at;
out vec3 facing;
out vec3 inner;     // head space: where in the mouth
out vec4 masks;
out vec2 lid;
out float sure;
out vec3 gain;

vec4 column(int table, float x, vec2 ends, float span) {
    float t = clamp(((x - 0.5 * (ends.x + ends.y)) / (0.5 * (ends.y - ends.x)) / span * 0.5 + 0.5) * 14.0, 0.0, 14.0);
    int k = min(int(t), 13);
    return mix(rows[table * 15 + k], rows[table * 15 + k + 1], t - float(k));
}
float beside(float x, vec2 ends, float span, float width) {   // 1 within the columns, 0 at `width` beyond them
    float out_ = abs(x - 0.5 * (ends.x + ends.y)) - 0.5 * span * (ends.y - ends.x);
    return 1.0 - smoothstep(0.0, width, out_);
}
void close_lids(inout vec3 p, float mask, int table, vec2 ends) {
    if (mask == 0.0) return;
    vec4 c = column(table, p.x, ends, 0.88);
    bool upper = mask > 0.0;
    float away = upper ? p.y - c.z : c.w - p.y;
    float fall = pow(clamp(1.0 - max(away, 0.0) / (upper ? 0.16 : 0.10), 0.0, 1.0), 1.5);
    float rise = (upper ? c.x : c.y) * fall * beside(p.x, ends, 0.88, 0.08) * abs(mask);
    p.y += rise;
    p.z += upper ? 0.03 * abs(rise) : 0.0;
}

void main() {
    vec3 p = point, n = normal;
    int count = int(state.x);
    for (int k = 0; k < count; k++) {
        int row = active_[k >> 2][k & 3];
        float amount = amount_[k >> 2][k & 3];
        int from = (row * vertices + gl_VertexID) * 3;
        p += amount * vec3(shape[from], shape[from + 1], shape[from + 2]);
        if (gl_VertexID < faces) {
            from = (row * faces + gl_VertexID) * 3;
            n += amount * vec3(turn[from], turn[from + 1], turn[from + 2]);
        }
    }
    close_lids(p, eyelids.x, 1, corners[1].xy);
    close_lids(p, eyelids.y, 2, corners[1].zw);
    if (lips != 0.0) {
        vec4 c = column(0, p.x, corners[0].xy, 0.92);
        float away = max(lips > 0.0 ? p.y - c.z : c.w - p.y, 0.0) / 0.13;
        p.y += (lips > 0.0 ? c.x : c.y) * exp(-away * away) * beside(p.x, corners[0].xy, 0.92, 0.15) * abs(lips);
    }
    float rest = 1.0 - share.x - share.y;
    vec4 q = vec4(p, 1.0);
    vec3 seen = (share.x * (head * q) + share.y * (torso * q) + rest * (still * q)).xyz;
    mat3 spin = mat3(head) * share.x + mat3(torso) * share.y + mat3(still) * rest;
    facing = normalize(spin * n);
    vec3 before = normalize(mat3(still) * normal);
    float floor_ = 0.25 * light[0].x;
    float change = clamp(max(lit(facing), floor_) / max(lit(before), floor_), 0.8, 1.2);
    at = place;
    inner = p;
    masks = columns;
    vec2 blink = state.zw;
    lid = painted.xy * 0.72 * clamp((blink - 0.35) / 0.5, 0.0, 1.0);
    vec2 lash = painted.zw * 0.5 * smoothstep(0.5, 0.95, blink);
    gain = relit(facing) * (1.0 + trust.y * (change - 1.0)) * (1.0 - lash.x) * (1.0 - lash.y);
    sure = trust.x;
    gl_Position = shown(seen, layer);
    gl_Position.z += pushed * gl_Position.w;
}
