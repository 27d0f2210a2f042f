// Lights the painted skin and clothes; the inside of the mouth is dark red, darker the deeper.
in vec3 at;
in vec3 facing;
in vec3 painted;
in vec4 masks;
in vec3 shade;  // share of the sky seen; of key and fill light let through
uniform sampler2D map;
out vec4 colour;

void main() {
    vec3 n = normalize(facing), view = normalize(viewer.xyz - at);
    if (!gl_FrontFacing) n = -n;
    vec4 paint = texture(map, on_map(painted));
    vec3 albedo = paint.rgb * paint.rgb, wrap = vec3(0.30, 0.16, 0.11);
    float shine = 0.5 * paint.a, key = dot(n, key_way.xyz), rim = dot(n, rim_way.xyz), see = shade.y;
    vec3 sum = albedo * ambient(n) * (0.15 + 0.85 * shade.x) * (0.4 + 0.6 * shade.x);
    sum += albedo * key_light.rgb * wrapped(key, wrap) * mix(vec3(see), vec3(sqrt(see)), wrap * 1.5);
    sum += albedo * fill_light.rgb * wrapped(dot(n, fill_way.xyz), wrap) * shade.z;
    sum += albedo * rim_light.rgb * wrapped(rim, wrap * 0.3);
    sum += key_light.rgb * (see * shine * max(key, 0.0) * gloss(n, view, key_way.xyz, 18.0));
    sum += fill_light.rgb * (shade.z * shine * 0.6 * gloss(n, view, fill_way.xyz, 13.0));
    float glance = 1.0 - max(dot(n, view), 0.0), glance2 = glance * glance;
    float fresnel = (0.04 + 0.5 * glance2 * glance2 * glance) * min(shine * 3.0, 1.0);
    sum += (sky.rgb * 0.6 * shade.x + rim_light.rgb * max(rim, 0.0)) * fresnel;

    float inside = smoothstep(0.35, 0.7, masks.y) * step(1.0, painted.z), deep = smoothstep(1.50, 1.12, painted.z);
    vec3 cavity = mix(vec3(0.30, 0.07, 0.07), vec3(0.035, 0.006, 0.008), deep);
    vec3 within = cavity * (0.16 + 0.5 * key_light.rgb) * (1.0 - 0.7 * deep);
    colour = vec4(shown(mix(sum, within, inside)), 1);
}
