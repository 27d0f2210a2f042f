// Hair cards and glasses: rigid on the skull, hanging ends partly on the shoulders. Light is computed here, per vertex.
in vec3 point;
in vec3 along;
in vec3 normal;
in vec2 uv;
in vec4 kind;
out vec2 where;
out vec3 diffuse;
out vec3 gleam;
flat out vec4 sort;

void main() {
    bool glasses = kind.x > 0.5;
    float skull = glasses ? 1.0 : smoothstep(4.9, 6.6, point.y);
    mat3 spin = mat3(head) * skull + mat3(torso) * (1.0 - skull);
    vec3 at = mix((torso * vec4(point, 1)).xyz, (head * vec4(point, 1)).xyz, skull);
    vec3 t = normalize(spin * along), n = normalize(spin * normal), view = normalize(viewer.xyz - at);
    where = uv;
    sort = kind;
    gl_Position = camera * vec4(at, 1);
    if (glasses) {
        diffuse = kind.yzw * (ambient(n) + key_light.rgb * max(dot(n, key_way.xyz), 0.0));
        gleam = 0.25 * gloss(n, view, key_way.xyz, 40.0) * key_light.rgb;
        return;
    }
    // Kajiya and Kay's strand: brightest where the light falls across it.
    float deep = mix(0.35, 1.0, kind.z) * mix(0.5, 1.0, smoothstep(0.0, 0.3, uv.y));
    if (dot(n, view) < 0.0) deep *= 0.45;
    float down = dot(t, key_way.xyz), th = dot(t, normalize(key_way.xyz + view));
    float across = sqrt(max(1.0 - down * down, 0.0)), turned = clamp(0.5 + 0.6 * dot(n, key_way.xyz), 0.0, 1.0);
    float narrow = pow(sqrt(max(1.0 - th * th, 0.0)), 50.0);
    float broad = pow(sqrt(max(1.0 - (th + 0.16) * (th + 0.16), 0.0)), 22.0);
    vec3 c = mix(hair.rgb, hair_tip.rgb, uv.y * uv.y) * (0.8 + 0.4 * kind.y);
    vec3 light = ambient(n) * 1.15 + key_light.rgb * turned * (0.95 * across + 0.75 * broad);
    light += fill_light.rgb * clamp(0.5 + 0.5 * dot(n, fill_way.xyz), 0.0, 1.0);
    float edge = max(dot(n, rim_way.xyz) * 0.6 + 0.4, 0.0);
    diffuse = c * (light + 0.6 * rim_light.rgb * edge * edge) * deep;
    gleam = (0.055 * key_light.rgb * turned * narrow + 0.03 * rim_light.rgb * edge * edge) * deep;
}
