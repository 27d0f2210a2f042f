// Eyeballs: photographed-looking iris and veins, the shade of lids and lashes, the surroundings in the wet cornea.
in vec3 at;
in vec3 ball;
flat in int side;
uniform sampler2D eye_picture;
out vec4 colour;

void main() {
    vec3 d = normalize(ball), view = normalize(viewer.xyz - at), n = normalize(mat3(head) * d);
    vec2 look = side == 0 ? gaze.xy : gaze.zw, lid = side == 0 ? lids.xy : lids.zw;
    float cy = cos(look.x), sy = sin(look.x), cp = cos(look.y), sp = sin(look.y);
    vec3 g = vec3(cy * d.x - sy * d.z, d.y, sy * d.x + cy * d.z);
    g = vec3(g.x, cp * g.y + sp * g.z, -sp * g.y + cp * g.z);
    float r = g.z > 0.0 ? length(g.xy) : 2.0, edge = iris.w;
    vec2 place = g.xy * (0.405 / edge);
    vec3 c = texture(eye_picture, iris_look.yz + place * vec2(1.0, -1.0) * iris_look.w).rgb;
    c *= c;
    float in_iris = 1.0 - smoothstep(edge * 0.93, edge * 1.05, r);
    vec3 toned = luminance(c) / iris_look.x * mix(iris.rgb, iris_inner.rgb, smoothstep(edge * 0.75, edge * 0.35, r));
    toned = mix(vec3(luminance(toned)), toned, 0.7) * 0.8;
    vec3 ring = mix(toned, c, 0.12) * (1.0 - 0.55 * smoothstep(edge * 0.80, edge * 1.0, r));
    ring *= 1.0 + 0.8 * clamp(-dot(g.xy, key_way.xy) / edge, -0.5, 0.8);
    vec3 white = mix(vec3(luminance(c)), c, 0.75) * vec3(0.80, 0.775, 0.75) * 1.15;
    float inner = (side == 0 ? -d.x : d.x);  // towards the nose
    white = mix(white, vec3(0.50, 0.24, 0.20), 0.75 * smoothstep(0.62, 0.92, inner));
    c = mix(white, ring, in_iris);
    // The upper lid and its lashes shade the ball, the lower one a little; its sides turn away from the light.
    float shade = mix(1.0, 0.28, smoothstep(lid.x - 0.62, lid.x + 0.02, d.y));
    shade *= mix(1.0, 0.68, smoothstep(lid.y + 0.20, lid.y - 0.02, d.y));
    shade *= 1.0 - 0.62 * smoothstep(0.40, 0.92, abs(d.x));
    float see = reached(at, n, 0.02);
    vec3 sum = c * shade * (sent(n) * 0.92 + key_light.rgb * see * wrapped(dot(n, key_way.xyz), vec3(0.35, 0.3, 0.28)));
    // The cornea is a smaller ball in front of the eye: what it mirrors is small and sharp.
    float bulge = 1.0 - smoothstep(edge * 0.9, edge * 1.25, r);
    vec3 wet = normalize(mat3(head) * normalize(d + bulge * 0.55 * vec3(g.xy, 0.0)));
    vec3 way = reflect(-view, wet);
    float fresnel = 0.021 + 0.3 * pow(1.0 - max(dot(wet, view), 0.0), 5.0), lidded = smoothstep(lid.x + 0.02, lid.x - 0.22, d.y);
    vec3 mirror = min(around(way, mix(3.0, 0.4, bulge)), 12.0) * fresnel * mix(0.5, 1.0, bulge);
    vec3 half_ = normalize(key_way.xyz * vec3(0.8, 0.7, 1.0) + view * 1.1);
    float spark = smoothstep(0.9885, 0.9955, dot(wet, half_)) * bulge;
    sum += (mirror + spark * key_light.rgb * 0.85) * lidded;
    colour = vec4(developed(sum), 1);
}
