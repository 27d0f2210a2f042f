// Hair of free meshes: rigid on the skull, hanging ends partly on the shoulders.
in vec3 point;
in vec3 normal;
in vec2 uv;
in float outer;   // 0 near the skull, 1 at the hair's surface
out vec3 at;
out vec3 facing;
out vec3 strand;
out vec2 spot;
out float depth;

void main() {
    float skull = smoothstep(4.9, 6.6, point.y);
    mat3 spin = mat3(head) * skull + mat3(torso) * (1.0 - skull);
    at = mix((torso * vec4(point, 1)).xyz, (head * vec4(point, 1)).xyz, skull);
    facing = normalize(spin * normal);
    vec3 down = normalize(vec3(0.0, -1.0, -0.15 * point.z));
    strand = normalize(spin * normalize(down - normal * dot(down, normal) + vec3(0, 0, 1e-3)));
    spot = uv;
    depth = outer;
#ifdef SHADOW
    gl_Position = vec4((shadowed * vec4(at, 1)).xyz * 2.0 - 1.0, 1);
#else
    gl_Position = camera * vec4(at, 1);
#endif
}
