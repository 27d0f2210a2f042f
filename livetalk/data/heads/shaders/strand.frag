// Hair: strands cut out of a card by sample coverage, lit along the strand. Glasses: plain gloss.
in vec3 at;
in vec3 run;
in vec3 facing;
in vec3 painted;
in vec2 where;
flat in vec4 sort;
out vec4 colour;

void main() {
    gl_SampleMask[0] = 15;
    vec3 n = normalize(facing), view = normalize(viewer.xyz - at), t = normalize(run);
    if (sort.x > 0.5) {
        vec3 c = sort.yzw * (ambient(n) + key_light.rgb * max(dot(n, key_way.xyz), 0.0)) + 0.25 * gloss(n, view, key_way.xyz, 40.0) * key_light.rgb;
        colour = vec4(shown(c), 1);
        return;
    }
    // Strands: two sets of stripes along the card that wander a little.
    float u = where.x + 0.05 * sin(where.y * 7.0 + sort.y * 40.0);
    float fine = 0.5 + 0.5 * sin(u * 21.0 + sort.y * 571.0) * sin(u * 8.7 + sort.y * 91.0);
    float finer = 0.5 + 0.5 * sin(u * 47.0 + sort.y * 333.0 + 2.0 * where.y);
    float edge = smoothstep(0.0, 0.22, min(where.x, 1.0 - where.x));
    float alpha = edge * (0.55 + 0.75 * fine) * smoothstep(1.0, 0.72, where.y + 0.35 * (finer - 0.5)) + 0.25 * edge * step(where.y, 0.6);
    int cover = int(clamp(alpha, 0.0, 1.0) * 4.0 + 0.35 + 0.3 * finer);
    if (cover < 1) discard;
    gl_SampleMask[0] = cover > 3 ? 15 : cover > 2 ? 11 : cover > 1 ? 9 : 8;
    vec3 c = mix(hair.rgb, hair_tip.rgb, where.y * where.y) * (0.55 + 0.6 * fine + 0.25 * finer) * (0.8 + 0.4 * sort.y);
    float deep = mix(0.35, 1.0, sort.z) * mix(0.5, 1.0, smoothstep(0.0, 0.3, where.y));
    if (dot(n, view) < 0.0) deep *= 0.45;
    float along_key = dot(t, key_way.xyz);
    float soft = sqrt(max(1.0 - along_key * along_key, 0.0));
    float turned = clamp(0.5 + 0.6 * dot(n, key_way.xyz), 0.0, 1.0);
    vec3 h = normalize(key_way.xyz + view);
    float th = dot(t, h) + 0.12 * (fine - 0.5);
    float shine = pow(sqrt(max(1.0 - th * th, 0.0)), 60.0);
    float second = pow(sqrt(max(1.0 - pow(th + 0.16, 2.0), 0.0)), 22.0);
    vec3 sum = c * ambient(n) * 1.15 * deep + c * key_light.rgb * soft * turned * deep * 0.95;
    sum += c * fill_light.rgb * clamp(0.5 + 0.5 * dot(n, fill_way.xyz), 0.0, 1.0) * deep;
    sum += key_light.rgb * turned * deep * (0.055 * shine * (0.4 + fine) + c * 0.75 * second);
    sum += rim_light.rgb * (c * 0.6 + 0.03) * pow(max(dot(n, rim_way.xyz) * 0.6 + 0.4, 0.0), 2.0) * deep;
    colour = vec4(shown(sum), 1);
}
