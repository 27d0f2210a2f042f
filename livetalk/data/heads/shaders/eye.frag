// Sclera, iris with its limbal ring and fibres, pupil, the shade of the lids and the catch lights.
in vec3 at;
in vec3 ball;
flat in int side;
out vec4 colour;

void main() {
    vec3 d = normalize(ball), view = normalize(viewer.xyz - at), n = normalize(mat3(head) * d);
    vec2 look = side == 0 ? gaze.xy : gaze.zw;
    vec2 lid = side == 0 ? lids.xy : lids.zw;
    float cy = cos(look.x), sy = sin(look.x), cp = cos(look.y), sp = sin(look.y);
    vec3 g = vec3(cy * d.x - sy * d.z, d.y, sy * d.x + cy * d.z);
    g = vec3(g.x, cp * g.y + sp * g.z, -sp * g.y + cp * g.z);
    float r = g.z > 0.0 ? length(g.xy) : 2.0, edge = iris.w, pupil = iris_inner.w;
    float angle = atan(g.y, g.x);
    vec3 white = mix(vec3(0.80, 0.78, 0.76), vec3(0.70, 0.45, 0.40), 0.5 * smoothstep(0.55, 0.95, abs(d.x)));
    float fibre = noise(vec3(angle * 7.0, r * 9.0, 3.0)) * 0.6 + noise(vec3(angle * 17.0, r * 5.0, 9.0)) * 0.4;
    float out_ = smoothstep(pupil, edge, r);
    vec3 ring = mix(iris_inner.rgb, iris.rgb, smoothstep(0.15, 0.65, out_)) * (0.55 + 0.9 * fibre);
    ring *= 1.0 - 0.75 * smoothstep(edge * 0.78, edge * 0.98, r);
    // Light enters from above and lights the far side of the iris.
    ring *= 1.0 + 0.7 * clamp(-dot(g.xy, key_way.xy) / edge, -0.5, 1.0);
    ring = mix(ring, vec3(0.006), 1.0 - smoothstep(pupil - 0.03, pupil + 0.03, r));
    vec3 c = mix(ring, white, smoothstep(edge - 0.03, edge + 0.035, r));
    float shade = mix(1.0, 0.30, smoothstep(lid.x - 0.42, lid.x + 0.02, d.y));
    shade *= mix(1.0, 0.72, smoothstep(lid.y + 0.22, lid.y - 0.02, d.y));
    shade *= 1.0 - 0.5 * smoothstep(0.5, 0.95, abs(d.x));
    vec3 light = ambient(n) * 0.95 + key_light.rgb * wrapped(dot(n, key_way.xyz), vec3(0.45)) * 0.95
               + fill_light.rgb * wrapped(dot(n, fill_way.xyz), vec3(0.4));
    vec3 sum = c * light * shade;
    vec3 cornea = normalize(mat3(head) * normalize(d + 0.35 * (1.0 - smoothstep(0.0, edge * 1.2, r)) * vec3(g.xy, 0.0)));
    float spark = smoothstep(0.988, 0.995, dot(cornea, normalize(key_way.xyz * vec3(0.75, 0.75, 1.0) + view * 1.4)));
    float second = smoothstep(0.990, 0.997, dot(cornea, normalize(fill_way.xyz + view * 1.6)));
    sum += (spark * 0.9 * (0.3 + key_light.rgb) + second * 0.15 * fill_light.rgb) * mix(1.0, shade, 0.6);
    sum += 0.05 * sky.rgb * pow(1.0 - max(dot(n, view), 0.0), 3.0) * shade;
    colour = vec4(shown(sum), 1);
}
