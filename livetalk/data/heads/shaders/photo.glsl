// What photographed-looking heads share: light of real surroundings, the main light's shadow, the film.
layout(std140, binding = 2) uniform Light {
    vec4 bands[9];      // harmonics of the light that a white matt surface sends on, without the main light
    mat4 shadowed;      // world to the shadow map, 0 to 1
    vec4 film;          // grain, softness of the lens (output pixels), random number, pixels of the canvas a side
    vec4 hair_look;     // mean of the hair's picture (linear), 1 if there is hair
    vec4 iris_look;     // mean of the iris' picture, place of the eye in it (x, y), its radius
};
uniform sampler2DShadow shadow_map;
uniform sampler2D panorama;

vec3 sent(vec3 n) {
    vec3 e = bands[0].rgb * 0.282095 + 0.488603 * (bands[1].rgb * n.y + bands[2].rgb * n.z + bands[3].rgb * n.x);
    e += 1.092548 * (bands[4].rgb * n.x * n.y + bands[5].rgb * n.y * n.z + bands[7].rgb * n.x * n.z);
    e += 0.315392 * bands[6].rgb * (3.0 * n.z * n.z - 1.0) + 0.546274 * bands[8].rgb * (n.x * n.x - n.y * n.y);
    return max(e, 0.0);
}
float luminance(vec3 c) { return dot(c, vec3(0.2, 0.7, 0.1)); }
vec3 around(vec3 way, float blur) {
    return textureLod(panorama, vec2(atan(way.x, way.z) * 0.15915494 + 0.5, acos(clamp(way.y, -1.0, 1.0)) * 0.31830989), blur).rgb;
}
#ifdef FRAG
// Share of the main light that reaches a place; the penumbra is as wide as `spread` (shadow map widths).
float reached(vec3 at, vec3 n, float spread) {
    vec3 p = (shadowed * vec4(at + n * 0.012, 1)).xyz;
    float turn = 6.2831853 * hash(vec3(gl_FragCoord.xy, 1.0)), sum = 0.0;
    mat2 spin = mat2(cos(turn), sin(turn), -sin(turn), cos(turn));
    for (int k = 0; k < 6; k++) {
        float far = sqrt((float(k) + 0.5) / 6.0), angle = 2.3999632 * float(k);
        sum += texture(shadow_map, p + vec3(spin * vec2(cos(angle), sin(angle)) * far * spread, -0.0012));
    }
    return sum / 6.0;
}
#endif
vec3 developed(vec3 c) {
    c = 1.0 - exp(-1.3 * max(c, 0.0) * exposure.x);
    c = mix(c * 12.92, 1.055 * pow(max(c, 1e-5), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
    vec3 s = c * c * (3.0 - 2.0 * c);
    return clamp(mix(c, s, 0.18), 0.0, 1.0);
}
