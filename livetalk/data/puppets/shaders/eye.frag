// The white as photographed, the iris turned by the gaze, and the shade of a lid that is lower than photographed.
in vec3 ball;
in vec2 at;
in vec2 seen;
in vec3 gain;
flat in int side;
uniform sampler2D photograph;
uniform sampler2DArray white;
uniform sampler2DArray iris;
out vec4 colour;

void main() {
    vec3 d = normalize(ball), c = texture(white, vec3(at, float(side))).rgb;
    vec2 look = side == 0 ? gaze.xy : gaze.zw, lid = side == 0 ? lids.xy : lids.zw;
    float cy = cos(look.x), sy = sin(look.x), cp = cos(look.y), sp = sin(look.y);
    vec3 g = vec3(cy * d.x - sy * d.z, d.y, sy * d.x + cy * d.z);
    g = vec3(g.x, cp * g.y + sp * g.z, -sp * g.y + cp * g.z);
    vec2 q = g.xy / (side == 0 ? irises.x : irises.y);
    if (g.z > 0.0 && length(q) < 1.14) {
        vec4 t = texture(iris, vec3(vec2(q.x, -q.y) / 1.15 * 0.5 + 0.5, float(side)));
        c = mix(c, t.rgb, t.a);
    }
    c = mix(c, texture(photograph, seen).rgb, close.y);
    c *= mix(1.0, 1.0 - 0.40 * lid.y, smoothstep(lid.x - 0.30, lid.x + 0.03, d.y));
    colour = vec4(c * gain, 1.0);
}
