// Lights photographed skin and painted clothes: surroundings, a main light with its shadow, light from below the skin.
in vec3 at;
in vec3 facing;
in vec3 painted;
in vec4 masks;
in vec3 shade;
uniform sampler2D map;
out vec4 colour;

void main() {
    vec3 smooth_ = normalize(facing), view = normalize(viewer.xyz - at);
    if (!gl_FrontFacing) smooth_ = -smooth_;
    vec2 spot = on_map(painted), dx = dFdx(spot), dy = dFdy(spot);
    vec4 paint = texture(map, spot);
    // Pores and folds: what is darker lies deeper.
    vec3 px = dFdx(at), py = dFdy(at), a = cross(py, smooth_), b = cross(smooth_, px);
    float here = luminance(paint.rgb), det = dot(px, a);
    vec3 slope = sign(det) * ((luminance(texture(map, spot + dx).rgb) - here) * a + (luminance(texture(map, spot + dy).rgb) - here) * b);
    vec3 n = normalize(abs(det) * smooth_ - 0.08 * slope);
    if (any(isnan(n)) || dot(n, smooth_) < 0.3) n = smooth_;

    vec3 albedo = paint.rgb * paint.rgb, wrap = vec3(0.32, 0.15, 0.09);
    bool cloth_ = paint.a < 0.02;
    if (cloth_) wrap = vec3(0.08);
    float shine = 0.5 * paint.a, open = shade.x * shade.x * (0.35 + 0.65 * shade.x);
    float key = dot(n, key_way.xyz), soft = dot(smooth_, key_way.xyz);
    float see = reached(at, smooth_, 0.018) * smoothstep(0.0, 0.5, shade.y + 0.15);
    vec3 through = pow(vec3(see), vec3(0.72, 0.95, 1.05));
    // Light that went in elsewhere comes out redder and knows nothing of pores.
    vec3 turned_ = mix(wrapped(soft, wrap), wrapped(key, wrap), vec3(0.35, 0.75, 0.9));
    vec3 dimmed = pow(vec3(open), 1.0 / (1.0 + 1.2 * albedo));  // light is passed on between close walls
    vec3 sum = albedo * sent(normalize(mix(n, smooth_, 0.3))) * dimmed;
    sum += albedo * key_light.rgb * turned_ * through;

    float facing_ = max(dot(n, view), 0.0), glance = pow(1.0 - facing_, 5.0);
    float fresnel = 0.3 * shine * 4.0 * (0.12 + 0.88 * glance);
    vec3 half_ = normalize(key_way.xyz + view);
    float sharp = pow(max(dot(n, half_), 0.0), 42.0) * 2.1, wide = pow(max(dot(n, half_), 0.0), 11.0) * 0.75;
    sum += key_light.rgb * see * max(key, 0.0) * shine * (0.65 * wide + 0.8 * sharp) * (1.0 + 3.0 * glance);
    sum += sent(reflect(-view, n)) * fresnel * open;
    if (!cloth_) sum += sent(-view) * 0.10 * glance * vec3(1.0, 0.55, 0.4) * open;

    float inside = smoothstep(0.35, 0.7, masks.y) * step(1.0, painted.z), deep = smoothstep(1.50, 1.12, painted.z);
    vec3 cavity = mix(vec3(0.22, 0.06, 0.055), vec3(0.02, 0.004, 0.005), deep);
    vec3 within = cavity * (0.35 * sent(smooth_) + 0.25 * key_light.rgb * see) * (1.0 - 0.7 * deep);
    colour = vec4(developed(mix(sum, within, inside)), 1);
}
